// Writes and removes record files so that readers and other writers see each change at once or not at all.
import * as fs from 'node:fs';
import path from 'node:path';
import { errnoOf } from './files.ts';

const ATTEMPTS = 100;

/** Replaces a file by hidden temporary file, fsync and rename; mode by umask. Throws system errors and leaves no temporary file. */
export function replaceRecordFile(file: string, text: string): void {
  const temporary = writeTemporary(file, text);
  try {
    fs.renameSync(temporary, file);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}

/**
 * Removes a file if its text is unwanted, judged on the very file that goes: it is moved aside first and put back, without
 * replacing a newer one, when another writer was faster. True when it was removed.
 */
export function removeRecordIf(file: string, unwanted: (text: string) => boolean): boolean {
  if (!unwanted(readOrEmpty(file))) return false;
  const aside = hiddenName(file, 0);
  try {
    fs.renameSync(file, aside);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
  const stillUnwanted = unwanted(readOrEmpty(aside));
  if (!stillUnwanted) putBack(aside, file);
  fs.rmSync(aside, { force: true });
  return stillUnwanted;
}

function putBack(aside: string, file: string): void {
  try {
    fs.linkSync(aside, file);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') fs.renameSync(aside, file);
  }
}

function writeTemporary(file: string, text: string): string {
  for (let attempt = 0; ; attempt++) {
    const temporary = hiddenName(file, attempt);
    try {
      const fd = fs.openSync(temporary, 'wx', 0o666);
      try {
        fs.writeFileSync(fd, text);
        fs.fsyncSync(fd);
      } finally {
        fs.closeSync(fd);
      }
      return temporary;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST' || attempt >= ATTEMPTS) {
        if (errnoOf(error) !== 'EEXIST') fs.rmSync(temporary, { force: true });
        throw error;
      }
    }
  }
}

function hiddenName(file: string, attempt: number): string {
  const nanos = process.hrtime.bigint();
  return path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}.${nanos}.${attempt}.tmp`);
}

/** Text of a record. Never waits for a pipe and never reads what is too big for one. Throws system errors, EINVAL for those. */
export function readRecordFile(file: string): string {
  const fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  try {
    const stat = fs.fstatSync(fd);
    if (stat.isFile() && stat.size <= SIZE_LIMIT) return fs.readFileSync(fd, 'utf8');
    throw Object.assign(new Error(`${file} is no plain file of a record's size`), { code: 'EINVAL' });
  } finally {
    fs.closeSync(fd);
  }
}

const SIZE_LIMIT = 1024 * 1024;

function readOrEmpty(file: string): string {
  try {
    return readRecordFile(file);
  } catch (error) {
    if (errnoOf(error) === 'EINVAL') return 'no record';
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
}
