// Takes one entry out of the cache: lock, look again, ask for mounts, detach by a rename, delete as the owner. Whoever comes
// between any two steps finds either the whole entry or none. Source: rootfs contract, section 2.7 steps 7a-7h.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import type { RootfsVictim } from '../../model/rootfs.ts';
import { deviceOf, lastStartNs, lookAtEntry } from './entryOnDisk.ts';
import { entryPath, lockPath, metaPath, PROPOSAL_LOCK, type UserLayout } from './layout.ts';
import { takeLock, type HeldLock } from './lockFiles.ts';
import { mountUsers } from './mounts.ts';
import type { RootfsPorts } from './rootfsPorts.ts';
import { deleteTree } from './treeOnDisk.ts';

export type Eviction =
  | { readonly kind: 'evicted' }
  /** Detached; the rest is left for a sweep. */
  | { readonly kind: 'left-over'; readonly problem: string }
  | { readonly kind: 'in-use' | 'touched' | 'gone' }
  | { readonly kind: 'invalid'; readonly problem: string };

/** Evicts if the entry is still the one that was planned and nothing uses it. Throws E_LOCK_FILE and the like. */
export async function evictEntry(
  victim: RootfsVictim,
  layout: UserLayout,
  ports: RootfsPorts,
): Promise<Eviction> {
  const { name } = victim;
  const locks: HeldLock[] = [];
  const release = () => {
    for (const lock of locks.splice(0).reverse()) lock.release();
  };
  try {
    const detached = await detach(victim, layout, locks, ports);
    if (typeof detached !== 'string') return detached;
    await ports.onStep?.('G7g', name);
    fs.rmSync(metaPath(layout, name), { force: true });
    release();
    await ports.onStep?.('G7h', name);
    const problem = await deleteTree(detached, ports);
    return problem === undefined ? { kind: 'evicted' } : { kind: 'left-over', problem };
  } finally {
    release();
  }
}

/** The path in the trash, or why the entry stays. Locks that were taken are added to `locks`. */
async function detach(
  victim: RootfsVictim,
  layout: UserLayout,
  locks: HeldLock[],
  ports: RootfsPorts,
): Promise<string | Eviction> {
  const { name } = victim;
  const path = entryPath(layout, name);
  await ports.onStep?.('G7a', name);
  const outer = await takeLock(
    { path: lockPath(layout, name), mode: 'exclusive', wait: 0, create: true },
    ports,
  );
  if (typeof outer === 'string') return { kind: 'in-use' };
  locks.push(outer);
  const tree = lookAtEntry(path, layout.uid, deviceOf(layout));
  if (tree.kind === 'missing') return { kind: 'gone' };
  if (tree.kind === 'invalid') return { kind: 'invalid', problem: tree.reason };
  const inner = await takeLock(
    { path: join(path, PROPOSAL_LOCK), mode: 'exclusive', wait: 0, create: false },
    ports,
  );
  if (inner === 'busy') return { kind: 'in-use' };
  if (inner !== 'missing') locks.push(inner);
  await ports.onStep?.('G7c', name);
  const again = lookAtEntry(path, layout.uid, deviceOf(layout));
  if (again.kind !== 'tree' || !isPlanned(again, victim) || startedSince(path, victim))
    return { kind: 'touched' };
  await ports.onStep?.('G7d', name);
  if (mountUsers(path).length > 0) return { kind: 'in-use' };
  return await moveToTrash(path, name, layout, ports);
}

function isPlanned(tree: { ino: bigint; mtimeNs: bigint }, victim: RootfsVictim): boolean {
  return String(tree.ino) === victim.ino && String(tree.mtimeNs) === victim.mtime_ns;
}

function startedSince(path: string, victim: RootfsVictim): boolean {
  const started = lastStartNs(path);
  return started !== undefined && started > BigInt(victim.used_ns) && started > BigInt(victim.mtime_ns);
}

async function moveToTrash(
  path: string,
  name: string,
  layout: UserLayout,
  ports: RootfsPorts,
): Promise<string | Eviction> {
  const trash = join(layout.trash, `${name}~${randomBytes(6).toString('hex')}`);
  await ports.onStep?.('G7e', name);
  fs.renameSync(path, trash);
  await ports.onStep?.('G7f', name);
  // Somebody who takes no lock may have started it between the look and the rename.
  if (mountUsers(trash).length > 0) {
    fs.renameSync(trash, path);
    return { kind: 'in-use' };
  }
  return trash;
}
