// Files of ours in a cache, below `.hpc-compose-vscode/`. Written whole and by rename, so that any number of processes
// may read and write at once; never needed for a correct answer, so every write is best effort for its caller.
import fs from 'node:fs';
import path from 'node:path';
import { SIDECAR_DIR } from './cacheNames.ts';

/** Path of a file or folder of ours in a cache. */
export function sidecarPath(cacheDir: string, ...names: string[]): string {
  return path.join(cacheDir, SIDECAR_DIR, ...names);
}

/** Makes a folder of ours, with the mode of the cache directory. Throws when the cache is read-only or not there. */
export function makeSidecarDirectory(cacheDir: string, ...names: string[]): string {
  const mode = fs.statSync(cacheDir).mode & 0o7777;
  let directory = path.join(cacheDir, SIDECAR_DIR);
  makeDirectory(directory, mode);
  for (const name of names) {
    directory = path.join(directory, name);
    makeDirectory(directory, mode);
  }
  return directory;
}

function makeDirectory(directory: string, mode: number): void {
  if (isRealDirectory(directory)) return;
  try {
    fs.mkdirSync(directory);
    fs.chmodSync(directory, mode);
  } catch (error) {
    if (!isRealDirectory(directory)) throw error;
  }
}

/**
 * Replaces a file by rename after its bytes are on disk; `hasty`: without waiting for that, for what may be lost with the power.
 * Throws system errors.
 */
export function writeSidecarFile(file: string, text: string, hasty = false): void {
  const temporary = `${file}.tmp.${process.pid}.${process.hrtime.bigint()}`;
  try {
    const fd = fs.openSync(temporary, 'wx', 0o666);
    try {
      shareAs(path.dirname(file), fd);
      fs.writeSync(fd, text);
      if (!hasty) fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(temporary, file);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}

/** Whoever may use the cache must be able to read what protects its entries, whatever the writer's umask. */
function shareAs(directory: string, fd: number): void {
  try {
    fs.fchmodSync(fd, fs.statSync(directory).mode & 0o666);
  } catch {
    // A file system without modes.
  }
}

/** True when a folder of ours is there and no link leads to it: only then may something in it be removed. */
export function isOwnFolder(cacheDir: string, ...names: string[]): boolean {
  const paths = ['', ...names].map((_name, index) => sidecarPath(cacheDir, ...names.slice(0, index)));
  return paths.every((folder) => isRealDirectory(folder));
}

function isRealDirectory(folder: string): boolean {
  try {
    return fs.lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    return false;
  }
}

/** Parsed JSON of a file of ours, or undefined when it is missing, unreadable or damaged. */
export function readSidecarJson(file: string): unknown {
  try {
    const stat = fs.lstatSync(file);
    return stat.isFile() ? JSON.parse(fs.readFileSync(file, 'utf8')) : undefined;
  } catch {
    return undefined;
  }
}

/** True for the name of a file whose writer is at work, or died. */
export function isHalfWritten(name: string): boolean {
  return name.includes('.tmp.');
}

/** Names in a folder of ours; none when it cannot be read. */
export function sidecarNames(directory: string): string[] {
  try {
    return fs.readdirSync(directory).filter((name) => !isHalfWritten(name));
  } catch {
    return [];
  }
}
