// Deals with a tree under the final name that has no valid record, before a build: adopts it when it is complete and idle,
// detaches it when it is idle, refuses while anything uses it. Called under the exclusive lock. Source: rootfs contract, 2.6 A4, 2.8.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { RootfsFailure } from '../../model/rootfs.ts';
import { deviceOf, lookAtEntry, type EntryTree } from './entryOnDisk.ts';
import type { ImageIdentity } from './identifyImage.ts';
import { entryPath, PROPOSAL_LOCK, type UserLayout } from './layout.ts';
import { takeLock } from './lockFiles.ts';
import { mountUsers, processIds } from './mounts.ts';
import type { RootfsPorts } from './rootfsPorts.ts';
import type { UnpackForecast } from './squashImage.ts';
import { bootId, storeMetadata } from './storeMetadata.ts';
import { deleteTree, measureTree } from './treeOnDisk.ts';

interface OldTree {
  readonly layout: UserLayout;
  readonly identity: ImageIdentity;
  readonly forecast: UnpackForecast;
}

/** True when the tree was adopted as it is. False: the name is free now. Throws E_SYMLINK, E_INVALID_IN_USE. */
export async function settleOldTree(old: OldTree, ports: RootfsPorts): Promise<boolean> {
  const { layout, identity } = old;
  const path = entryPath(layout, identity.name);
  const tree = lookAtEntry(path, layout.uid, deviceOf(layout));
  if (tree.kind === 'missing') return false;
  if (tree.kind === 'invalid') throw new RootfsFailure('E_SYMLINK', { path, what: tree.reason });
  const lock = await takeLock(
    { path: join(path, PROPOSAL_LOCK), mode: 'exclusive', wait: 0, create: false },
    ports,
  );
  if (lock === 'busy' || mountUsers(path).length > 0 || isBeingUnpacked(path))
    throw new RootfsFailure('E_INVALID_IN_USE', { path });
  try {
    if (lock !== 'missing' && (await adopt(old, path, tree, ports))) return true;
    await detach(path, layout, identity.name, ports);
    return false;
  } finally {
    if (lock !== 'missing') lock.release();
  }
}

/** Only what another plugin finished has its lock file; and only by the proposal's names can it be the same image. */
async function adopt(
  { layout, identity, forecast }: OldTree,
  path: string,
  tree: EntryTree,
  ports: RootfsPorts,
): Promise<boolean> {
  if (identity.keyScheme !== 'pr174' || forecast.inodes < 2) return false;
  const size = await measureTree(path);
  if (size.unreadable > 0 || size.inodes < forecast.inodes) return false;
  storeMetadata(layout, identity.name, {
    v: 1,
    key: identity.key,
    keyScheme: identity.keyScheme,
    image: identity.image,
    ...(identity.kind === 'file' ? { source: identity.source } : {}),
    arch: ports.arch,
    dev: String(tree.dev),
    ino: String(tree.ino),
    bytes: size.bytes,
    inodes: size.inodes,
    createdAt: Number(ports.nowNs() / 1_000_000_000n),
    createMs: 0,
    bootId: bootId(),
    synced: false,
    enroot: 'adopted',
    builderVersion: ports.version,
  });
  return true;
}

async function detach(path: string, layout: UserLayout, name: string, ports: RootfsPorts): Promise<void> {
  const trash = join(layout.trash, `${name}~${randomBytes(6).toString('hex')}`);
  fs.renameSync(path, trash);
  if (mountUsers(trash).length > 0) {
    fs.renameSync(trash, path);
    throw new RootfsFailure('E_INVALID_IN_USE', { path });
  }
  const problem = await deleteTree(trash, ports);
  if (problem) ports.log.warn(`${trash} is left for the next collection: ${problem}`);
}

/** True while an unsquashfs writes into this tree. */
export function isBeingUnpacked(path: string): boolean {
  return processIds().some((pid) => {
    try {
      const words = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return /(^|\/)unsquashfs$/.test(words[0] ?? '') && words.includes(path);
    } catch {
      return false;
    }
  });
}
