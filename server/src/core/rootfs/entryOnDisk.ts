// What lies under an entry's name, and whether it is valid: a plain directory on the right device, with a record that names
// this very inode and key, and a lock for plugins. Nothing here follows a link. Source: rootfs contract, sections 2.4.5, 2.6 A2.
import fs from 'node:fs';
import { join } from 'node:path';
import { entryPath, metaPath, PROPOSAL_LOCK, type UserLayout } from './layout.ts';
import { parseMetadata, recordsTree, type RootfsMetadata } from './metadata.ts';

export interface EntryTree {
  readonly kind: 'tree';
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

export type EntryLook =
  EntryTree | { readonly kind: 'missing' } | { readonly kind: 'invalid'; readonly reason: string };

/** What is under the name. `device`: of the user's directory. */
export function lookAtEntry(path: string, uid: number, device: bigint): EntryLook {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false, bigint: true });
  if (!stat) return { kind: 'missing' };
  if (stat.isSymbolicLink()) return { kind: 'invalid', reason: 'a symbolic link' };
  if (!stat.isDirectory()) return { kind: 'invalid', reason: 'not a directory' };
  if (stat.uid !== BigInt(uid)) return { kind: 'invalid', reason: `owned by ${stat.uid}` };
  if (stat.dev !== device) return { kind: 'invalid', reason: 'a mount point' };
  return { kind: 'tree', dev: stat.dev, ino: stat.ino, mtimeNs: stat.mtimeNs, ctimeNs: stat.ctimeNs };
}

/** The device that entries of this user must lie on. */
export function deviceOf(layout: UserLayout): bigint {
  return fs.lstatSync(layout.root, { bigint: true }).dev;
}

const READ_PLAIN = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;

/** The commit record of a name, or undefined when there is none that can be read. */
export function readMetadata(layout: UserLayout, name: string): RootfsMetadata | undefined {
  try {
    // Node takes numbers here, and reads a file by its name with half the system calls; its types know words only.
    const flag = READ_PLAIN as unknown as string;
    return parseMetadata(fs.readFileSync(metaPath(layout, name), { encoding: 'utf8', flag }));
  } catch {
    return undefined;
  }
}

export interface ValidEntry {
  readonly tree: EntryTree;
  readonly metadata: RootfsMetadata;
}

/** The entry when it is valid (and made for this key, when one is given). */
export function findValid(layout: UserLayout, name: string, key: string | undefined): ValidEntry | undefined {
  const path = entryPath(layout, name);
  const tree = lookAtEntry(path, layout.uid, deviceOf(layout));
  if (tree.kind !== 'tree') return undefined;
  const metadata = readMetadata(layout, name);
  if (!metadata || !recordsTree(metadata, tree, key)) return undefined;
  const lock = fs.lstatSync(join(path, PROPOSAL_LOCK), { throwIfNoEntry: false });
  return lock?.isFile() ? { tree, metadata } : undefined;
}

/** Marks an entry as used now. */
export function touchEntry(path: string): void {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants;
  const fd = fs.openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    const now = Date.now() / 1000;
    fs.futimesSync(fd, now, now);
  } finally {
    fs.closeSync(fd);
  }
}

/** Nanoseconds of the last start by enroot, which renews its own lock file in the tree; undefined: never started. */
export function lastStartNs(path: string): bigint | undefined {
  const stat = fs.lstatSync(join(path, '.lock'), { throwIfNoEntry: false, bigint: true });
  return stat?.isFile() ? stat.mtimeNs : undefined;
}
