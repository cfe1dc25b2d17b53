// The few file system calls that commit something, as one value: tests hand in one that fails at a chosen step.
// Calls are synchronous where they are short; fsync and recursive removal may take long and never block the event loop.
import * as fs from 'node:fs';
import * as path from 'node:path';

export interface FileSystem {
  /** Flags are those of open(2); O_CLOEXEC is always added. */
  open(path: string, flags: number, mode?: number): number;
  close(fd: number): void;
  read(fd: number, buffer: Uint8Array, position: number): number;
  write(fd: number, bytes: Uint8Array): number;
  fstat(fd: number): fs.Stats;
  lstat(path: string): fs.Stats;
  fchmod(fd: number, mode: number): void;
  rename(from: string, to: string): void;
  link(existing: string, path: string): void;
  unlink(path: string): void;
  /** mkdir -p, mode 0777 less the umask. */
  makeDirectories(path: string): void;
  realpath(path: string): string;
  names(directory: string): string[];
  statfs(path: string): fs.StatsFs;
  fsync(fd: number): Promise<void>;
  /** rm -rf that follows no link. */
  removeTree(path: string): Promise<void>;
}

/** The real file system. */
export const nodeFiles: FileSystem = {
  open: (path, flags, mode) => fs.openSync(path, flags, mode),
  close: (fd) => fs.closeSync(fd),
  read: (fd, buffer, position) => fs.readSync(fd, buffer, 0, buffer.length, position),
  write: (fd, bytes) => fs.writeSync(fd, bytes),
  fstat: (fd) => fs.fstatSync(fd),
  lstat: (path) => fs.lstatSync(path),
  fchmod: (fd, mode) => fs.fchmodSync(fd, mode),
  rename: (from, to) => fs.renameSync(from, to),
  link: (existing, path) => fs.linkSync(existing, path),
  unlink: (path) => fs.unlinkSync(path),
  makeDirectories,
  realpath: (path) => fs.realpathSync(path),
  names: (directory) => fs.readdirSync(directory),
  statfs: (path) => fs.statfsSync(path),
  fsync: (fd) =>
    new Promise((resolve, reject) => {
      fs.fsync(fd, (error) => (error ? reject(error) : resolve()));
    }),
  removeTree: (path) => fs.promises.rm(path, { recursive: true, force: true }),
};

/**
 * mkdir -p; `mode` less the umask. Throws what the system says: Node's own way says ENOENT for a read-only file system.
 */
export function makeDirectories(directory: string, mode = 0o777): void {
  try {
    fs.mkdirSync(directory, { recursive: true, mode });
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    makeOneByOne(path.resolve(directory), mode);
  }
}

function makeOneByOne(directory: string, mode: number): void {
  const parent = path.dirname(directory);
  if (!fs.existsSync(parent)) makeOneByOne(parent, mode);
  try {
    fs.mkdirSync(directory, { mode });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST' || !fs.statSync(directory).isDirectory()) throw error;
  }
}

/** The errno name of a failed system call (`ENOSPC`), or undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

/** lstat, or undefined when nothing is there. */
export function lstatIfThere(files: FileSystem, path: string): fs.Stats | undefined {
  try {
    return files.lstat(path);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Unlinks a file of ours; nothing to remove is fine, and so is a failure: the sweep comes by later. */
export function unlinkQuietly(files: FileSystem, path: string): void {
  try {
    files.unlink(path);
  } catch {
    // Removed by somebody else, or left for the sweep.
  }
}
