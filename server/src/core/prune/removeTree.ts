// Removes a file or a whole tree inside a held directory, following no link at any depth; gives the bytes that were freed.
// Yields to the event loop between pieces, because a data set may have a million files.
import fs from 'node:fs';
import type { InsideDirectory } from './insideDirectory.ts';

const DIRECTORY = fs.constants.O_RDONLY | fs.constants.O_DIRECTORY | fs.constants.O_NOFOLLOW;
/** O_PATH, which Node does not name: a descriptor for a directory that may not be read. */
const PATH_ONLY = 0o10000000;
const PIECE = 200;

/** Removes `name` in `parent`. Gives bytes freed, counted from blocks; 0 when it is gone already. Throws system errors. */
export async function removeTree(parent: InsideDirectory, name: string | Buffer): Promise<number> {
  return await removeAt(parent.at(name), { done: 0 });
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

async function removeAt(file: string | Buffer, counter: { done: number }): Promise<number> {
  const stat = fs.lstatSync(file, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return unlinkFile(file) ?? 0;
  let bytes = stat.blocks * 512;
  const fd = openUnreadable(file);
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

/** Root file systems hold directories that their owner cannot read or write; they are ours, so they are opened up. */
function openUnreadable(directory: string | Buffer): number {
  const mode = fs.lstatSync(directory).mode & 0o700;
  if (mode === 0o700 || process.geteuid?.() === 0) return fs.openSync(directory, DIRECTORY);
  const fd = fs.openSync(directory, PATH_ONLY | fs.constants.O_DIRECTORY | fs.constants.O_NOFOLLOW);
  try {
    fs.chmodSync(`/proc/self/fd/${fd}`, 0o700);
    return fs.openSync(`/proc/self/fd/${fd}/.`, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  } finally {
    fs.closeSync(fd);
  }
}
