// Whether an entry still holds what was unpacked. Starts add files (mount points, a host name), so a tree may grow but not shrink.
import fs from 'node:fs';
import { join } from 'node:path';
import type { RootfsMetadata } from './metadata.ts';
import { entryPath, PROPOSAL_LOCK, type UserLayout } from './layout.ts';
import { deviceOf, lastStartNs, lookAtEntry, readMetadata } from './entryOnDisk.ts';
import { recordsTree } from './metadata.ts';
import { measureTree } from './treeOnDisk.ts';

/** Share of bytes that hooks may have replaced by less. */
const TOLERATED_LOSS = 0.02;
const TOLERATED_BYTES = 1024 * 1024;

export interface Verdict {
  readonly name: string;
  readonly ok: boolean;
  readonly problem: string | null;
}

/** Compares a tree with what its record says was unpacked; undefined: nothing is missing. */
export async function checkTree(path: string, metadata: RootfsMetadata): Promise<string | undefined> {
  const size = await measureTree(path);
  const started = lastStartNs(path) === undefined ? 0 : 1;
  const inodes = size.inodes - started;
  if (size.unreadable === 0 && inodes < metadata.inodes)
    return `${metadata.inodes - inodes} of ${metadata.inodes} files are gone`;
  const least = metadata.bytes * (1 - TOLERATED_LOSS) - TOLERATED_BYTES;
  return size.bytes < least ? `only ${size.bytes} of ${metadata.bytes} bytes are left` : undefined;
}

/** Checks one entry from its name to the last file. Reads only. */
export async function verifyRootfs(layout: UserLayout, name: string): Promise<Verdict> {
  const problem = await findProblem(layout, name);
  return { name, ok: problem === undefined, problem: problem ?? null };
}

async function findProblem(layout: UserLayout, name: string): Promise<string | undefined> {
  const path = entryPath(layout, name);
  const tree = lookAtEntry(path, layout.uid, deviceOf(layout));
  if (tree.kind === 'missing') return 'there is no such entry';
  if (tree.kind === 'invalid') return `it is ${tree.reason}`;
  const metadata = readMetadata(layout, name);
  if (!metadata) return 'it has no record: another tool made it (foreign)';
  if (!recordsTree(metadata, tree, undefined)) return 'its record was made for another tree';
  if (!fs.lstatSync(join(path, PROPOSAL_LOCK), { throwIfNoEntry: false })?.isFile())
    return `its ${PROPOSAL_LOCK} is not a plain file`;
  return await checkTree(path, metadata);
}
