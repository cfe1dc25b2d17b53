// Bytes that a file or a tree occupies, counted from disk blocks; hard links within one tree count once.
import fs from 'node:fs';

const BLOCK = 512;

/** Allocated bytes of one file, link or device node; 0 when it is gone. */
export function fileBytes(stat: fs.Stats | undefined): number {
  return stat ? stat.blocks * BLOCK : 0;
}

/** Allocated bytes of a file or a whole tree; links are not followed, what cannot be read counts 0. */
export function diskUsage(path: string): number {
  return treeBytes(path, new Set());
}

function treeBytes(path: string, seen: Set<string>): number {
  const stat = lstatOrNothing(path);
  if (!stat) return 0;
  if (stat.nlink > 1 && !stat.isDirectory()) {
    const identity = `${stat.dev}:${stat.ino}`;
    if (seen.has(identity)) return 0;
    seen.add(identity);
  }
  let bytes = fileBytes(stat);
  if (stat.isDirectory()) {
    for (const name of namesIn(path)) bytes += treeBytes(`${path}/${name}`, seen);
  }
  return bytes;
}

/** lstat, or undefined for whatever reason there is none. */
export function lstatOrNothing(path: string): fs.Stats | undefined {
  try {
    return fs.lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Names in a directory, none when it cannot be read. */
export function namesIn(path: string): string[] {
  try {
    return fs.readdirSync(path);
  } catch {
    return [];
  }
}
