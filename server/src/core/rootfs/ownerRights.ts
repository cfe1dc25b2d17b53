// Root looks into users' directories with the rights of their owners, never with its own. Everything here is synchronous, so that
// nothing else ever runs with borrowed rights. For anybody else these functions change nothing. Source: rootfs contract, 2.4.7.
import fs from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import type { UserLayout } from './layout.ts';

/** A group that owns nothing. */
const NOBODY = 65534;

/** Becomes the owner of one directory for the length of `work`. */
export type AsOwner = <T>(layout: UserLayout, work: () => T) => T;

/**
 * Gives up root's groups for the length of `work`, which may then become one owner after the other: each change of rights
 * costs as much as looking at some dozen files.
 */
export function lendRights<T>(work: (asOwner: AsOwner) => T): T {
  if (process.geteuid?.() !== 0) return work((_layout, look) => look());
  if (!isMainThread) return work(inThread);
  const groups = process.getgroups?.() ?? [];
  const gid = process.getegid?.() ?? 0;
  process.setgroups?.([]);
  process.setegid?.(NOBODY);
  try {
    return work(asOwner);
  } finally {
    process.setegid?.(gid);
    process.setgroups?.(groups);
  }
}

/** Rights belong to the process: a thread of root's may look at root's own part only. */
const inThread: AsOwner = (layout, look) => {
  const owner = ownerOf(layout) ?? 0;
  if (owner !== 0) throw new Error(`a thread cannot become the user ${owner}`);
  return look();
};

/** The uid that a user's directory belongs to; undefined when there is no plain directory. */
export function ownerOf(layout: UserLayout): number | undefined {
  const stat = fs.lstatSync(join(layout.base, String(layout.uid)), { throwIfNoEntry: false });
  return stat?.isDirectory() ? stat.uid : undefined;
}

const asOwner: AsOwner = (layout, work) => {
  const uid = ownerOf(layout) ?? 0;
  if (uid === 0) return work();
  process.seteuid?.(uid);
  try {
    return work();
  } finally {
    process.seteuid?.(0);
  }
};
