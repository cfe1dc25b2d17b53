// Where everything lies below the base. A half-built or detached tree is never inside the directory that enroot lists.
// Source: rootfs contract, section 2.3.
import { join } from 'node:path';
import { entryOfScratchName } from './names.ts';

export interface UserLayout {
  readonly base: string;
  readonly uid: number;
  /** ENROOT_DATA_PATH of the entries. */
  readonly root: string;
  readonly hidden: string;
  readonly locks: string;
  readonly meta: string;
  readonly build: string;
  readonly trash: string;
  readonly gcLock: string;
  readonly lastGc: string;
  readonly pins: string;
  /** A copy of all records in one file; see recordIndex. */
  readonly records: string;
}

/** The lock inside an entry that a plugin following the proposal takes. */
export const PROPOSAL_LOCK = '.pyxis_cache_lock';
/** The proposal's global lock, directly under the base. */
export const PROPOSAL_GC_LOCK = 'pyxis-container-cache-gc.lock';
export const HIDDEN = '.rootfs-cache';

/** Paths of one user's part of the cache. On a shared file system each host has a part of its own. */
export function userLayout(base: string, uid: number, host?: string): UserLayout {
  const own = join(base, String(uid));
  const root = host === undefined ? own : join(own, host);
  // Spelled out below: joining normalises again, and there may be 100,000 of these.
  const hidden = `${root}/${HIDDEN}`;
  return {
    base,
    uid,
    root,
    hidden,
    locks: `${hidden}/locks`,
    meta: `${hidden}/meta`,
    build: `${hidden}/build`,
    trash: `${hidden}/trash`,
    gcLock: `${hidden}/gc.lock`,
    lastGc: `${hidden}/gc-last.json`,
    pins: `${hidden}/pins.json`,
    records: `${hidden}/records.json`,
  };
}

/** The tree of an entry. */
export function entryPath(layout: UserLayout, name: string): string {
  return `${layout.root}/${name}`;
}

/** The permanent lock of a name; outside the tree, so that it survives eviction. */
export function lockPath(layout: UserLayout, name: string): string {
  return `${layout.locks}/${name}.lock`;
}

/** The commit record of a name. */
export function metaPath(layout: UserLayout, name: string): string {
  return `${layout.meta}/${name}.json`;
}

/** True for what a build of this entry leaves in `build/`. */
export function isScratchOf(scratch: string, name: string): boolean {
  return entryOfScratchName(scratch) === name;
}
