// Removes a file or a whole tree inside a held directory, following no link and crossing no mount at any depth; gives the bytes that were freed.
// Yields to the event loop between pieces, because a data set may have a million files.
import fs from 'node:fs';
import { OperationFailure } from '../../model/failure.ts';
import type { InsideDirectory } from './insideDirectory.ts';

/** O_PATH, which Node does not name: a descriptor for a directory that may not be read. */
const PATH_ONLY = 0o10000000;
const PIECE = 200;

/** Removes `name` in `parent`. Gives bytes freed, counted from blocks; 0 when it is gone already. Throws system errors. */
export async function removeTree(parent: InsideDirectory, name: string | Buffer): Promise<number> {
  return await removeAt(parent.at(name), { done: 0, mount: mountOf(parent.fd) });
}

/** Unlinks one file or link. Gives bytes freed; undefined when it is gone already. Throws system errors. */
export function unlinkFile(file: string | Buffer): number | undefined {
  const stat = fs.lstatSync(file, { throwIfNoEntry: false });
  if (!stat) return undefined;
  try {
    fs.unlinkSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return stat.nlink > 1 ? 0 : stat.blocks * 512;
}

interface Counter {
  done: number;
  readonly mount: string | undefined;
}

/** Number of the mount that an open directory is on: a bind mount has its own. Undefined where it cannot be told. */
function mountOf(fd: number): string | undefined {
  try {
    return /^mnt_id:\s*(\d+)$/m.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
  } catch {
    return undefined;
  }
}

function mounted(fd: number): OperationFailure {
  const path = fs.readlinkSync(`/proc/self/fd/${fd}`);
  return new OperationFailure('io', { path, cause: 'something is mounted there; unmount it first' });
}

async function removeAt(file: string | Buffer, counter: Counter): Promise<number> {
  const stat = fs.lstatSync(file, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return unlinkFile(file) ?? 0;
  let bytes = stat.blocks * 512;
  const fd = openWithin(file, counter.mount);
  try {
    for (const child of fs.readdirSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' })) {
      if (++counter.done % PIECE === 0) await new Promise((resolve) => setImmediate(resolve));
      bytes += await removeAt(Buffer.concat([Buffer.from(`/proc/self/fd/${fd}/`), child]), counter);
    }
  } finally {
    fs.closeSync(fd);
  }
  fs.rmdirSync(file);
  return bytes;
}

/** Opens a directory on the given mount. Throws io for one on another: what is mounted there is not ours. */
function openWithin(directory: string | Buffer, mount: string | undefined): number {
  const fd = fs.openSync(directory, PATH_ONLY | fs.constants.O_DIRECTORY | fs.constants.O_NOFOLLOW);
  try {
    if (mountOf(fd) !== mount) throw mounted(fd);
    openUp(fd);
    return fs.openSync(`/proc/self/fd/${fd}/.`, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  } finally {
    fs.closeSync(fd);
  }
}

/** Root file systems hold directories that their owner cannot read or write; they are ours, so they are opened up. */
function openUp(fd: number): void {
  if (process.geteuid?.() === 0 || (fs.fstatSync(fd).mode & 0o700) === 0o700) return;
  fs.chmodSync(`/proc/self/fd/${fd}`, 0o700);
}
