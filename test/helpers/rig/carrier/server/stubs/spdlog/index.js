// Writes log lines to a plain file in place of the compiled logger: same calls, no rotation.
const fs = require('node:fs');
const path = require('node:path');

const LEVELS = ['trace', 'debug', 'info', 'warning', 'error', 'critical'];

class Logger {
  constructor(_kind, _name, file) {
    this.file = file;
    this.level = 2;
    this.isPlain = false;
    this.handle = undefined;
    this.isClosed = false;
  }
  write(level, message) {
    if (level < this.level || this.isClosed) return;
    if (this.handle === undefined) {
      fs.mkdirSync(path.dirname(this.file), { recursive: true });
      this.handle = fs.openSync(this.file, 'a', 0o600);
    }
    fs.writeSync(
      this.handle,
      this.isPlain ? message : `${new Date().toISOString()} [${LEVELS[level]}] ${message}\n`,
    );
  }
  trace(message) {
    this.write(0, message);
  }
  debug(message) {
    this.write(1, message);
  }
  info(message) {
    this.write(2, message);
  }
  warn(message) {
    this.write(3, message);
  }
  error(message) {
    this.write(4, message);
  }
  critical(message) {
    this.write(5, message);
  }
  getLevel() {
    return this.level;
  }
  setLevel(level) {
    this.level = level;
  }
  setPattern() {}
  clearFormatters() {
    this.isPlain = true;
  }
  flush() {}
  drop() {
    this.isClosed = true;
    if (this.handle !== undefined) fs.closeSync(this.handle);
  }
}

// Written as assignments so that import() sees them as named exports.
exports.version = 0;
exports.setLevel = () => {};
exports.setFlushOn = () => {};
exports.Logger = Logger;
exports.createRotatingLogger = (name, file) => Promise.resolve(new Logger('rotating', name, file));
exports.createAsyncRotatingLogger = exports.createRotatingLogger;
