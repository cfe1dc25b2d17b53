// The cache of unpacked images as values: JSON shapes of its commands and requests, its closed set of error codes, and the
// words people read for each. Source: rootfs contract, sections 2.11 and 2.13.
import { OperationFailure, type FailureData, type FailureWords } from './failure.ts';

export type RootfsState =
  'ready' | 'building' | 'inUse' | 'pinned' | 'foreign' | 'invalid' | 'trash' | 'notVisible';

export interface RootfsHolder {
  kind: 'lock' | 'mount';
  /** Null: somebody holds it, but not who is visible. */
  pid: number | null;
}

export interface RootfsEntry {
  uid: number;
  name: string;
  image: string | null;
  key: string | null;
  /** Null: not known. */
  bytes: number | null;
  inodes: number | null;
  /** Seconds since the epoch. */
  created_at: number | null;
  /** Seconds since the epoch. */
  last_used: number | null;
  state: RootfsState;
  /** Why it is invalid. */
  reason?: string;
  pinned: boolean;
  holders: RootfsHolder[];
  path: string;
}

export interface RootfsFileSystem {
  used_percent: number | null;
  high: number;
  low: number;
  total_bytes: number;
  free_bytes: number;
  cache_bytes: number;
  /** Budget of the cache itself; null: none. */
  max_bytes: number | null;
  evictable_bytes: number;
  /** Directories of users that may not be looked into. */
  not_visible: number;
  last_gc: RootfsLastGc | null;
}

export interface RootfsLastGc {
  /** Seconds since the epoch. */
  at: number;
  reason: string;
  trigger: string | null;
  evicted: number;
  bytes_freed: number;
}

export interface RootfsList {
  schema_version: 1;
  base: string;
  fs: RootfsFileSystem;
  entries: RootfsEntry[];
  warnings: string[];
}

export interface RootfsAcquired {
  schema_version: 1;
  name: string;
  path: string;
  hit: boolean;
  bytes: number;
  inodes: number;
  /** Seconds since the epoch. */
  created_at: number;
  create_ms: number;
}

export type RootfsGcReason =
  /** Nothing was exceeded. */
  | 'below-high'
  /** Everything exceeded is below its low mark now. */
  | 'below-low'
  /** Another run holds the lock. */
  | 'busy'
  /** No eviction could help: other data fills the disk, or nearly all images are in use, pinned or young. */
  | 'futile'
  /** What was evicted did not free space. */
  | 'not-reclaiming'
  /** Some was freed, not all that was wanted. */
  | 'partial';

/** One entry that a plan removes. Applying it re-checks exactly these values under the entry's lock. */
export interface RootfsVictim {
  uid: number;
  name: string;
  path: string;
  image: string | null;
  /** Decimal. */
  ino: string;
  /** Decimal nanoseconds. */
  mtime_ns: string;
  /** Decimal nanoseconds: the later of the directory's time stamp and the last start. */
  used_ns: string;
  bytes: number | null;
  inodes: number | null;
  /** Seconds since the epoch. */
  last_used: number;
}

export interface RootfsKept {
  name: string;
  why: string;
}

/** What a collection would do: shown, confirmed, and applied as this very value. */
export interface RootfsGcPlan {
  schema_version: 1;
  created_at: number;
  base: string;
  reason: RootfsGcReason;
  would_evict: RootfsVictim[];
  in_use: RootfsVictim[];
  skipped: RootfsKept[];
  /** Sum over would_evict. */
  bytes: number;
  /** Limits exceeded when the plan was made, for the stop rule. */
  exceeded: string[];
  /** Bytes that had to go. */
  need_bytes: number;
  incoming: { bytes: number; inodes: number };
  /** Sum over all recorded entries. */
  cache_bytes: number;
  bytes_freed: 0;
  not_visible: number;
  warnings: string[];
}

export interface RootfsGcResult {
  schema_version: 1;
  base: string;
  reason: RootfsGcReason;
  evicted: RootfsVictim[];
  in_use: RootfsVictim[];
  skipped: RootfsKept[];
  failed: { name: string; code: string; message: string }[];
  bytes_freed: number;
  not_visible: number;
  warnings: string[];
}

export type RootfsErrorCode =
  | 'E_OPTION'
  | 'E_BASE_UNSAFE'
  | 'E_OWNER'
  | 'E_MODE'
  | 'E_SYMLINK'
  | 'E_LOCK_FILE'
  | 'E_NETFS'
  | 'E_NO_ENROOT'
  | 'E_NO_FLOCK'
  | 'E_LOCK_TIMEOUT'
  | 'E_DIGEST'
  | 'E_IMAGE'
  | 'E_CREATE'
  | 'E_TIMEOUT'
  | 'E_INCOMPLETE'
  | 'E_NOSPC'
  | 'E_CROSS_DEVICE'
  | 'E_INVALID_IN_USE'
  | 'E_STATFS'
  | 'E_LIVELOCK'
  | 'E_NOT_FOUND'
  | 'E_IN_USE'
  | 'E_READ_ONLY'
  | 'E_IO';

export const ROOTFS_FAILURES: Readonly<Record<RootfsErrorCode, FailureWords>> = {
  E_OPTION: { message: '{cause}', hint: 'Drop that option, or start without the rootfs cache.' },
  E_BASE_UNSAFE: {
    message: 'The rootfs cache directory {path} cannot be used: {cause}',
    hint: 'Choose a directory on a local disk that belongs to root or you and that others cannot write to (or with the sticky bit).',
  },
  E_OWNER: {
    message: '{path} belongs to {owner}, not to {uid}.',
    hint: 'Nothing was changed. If it should be yours, ask an administrator: chown {uid} {path}',
  },
  E_MODE: {
    message: '{path} is open to others (mode {mode}).',
    hint: 'Nothing was changed. To mend it: chmod 700 {path}',
  },
  E_SYMLINK: {
    message: '{path} is {what}, not a plain directory.',
    hint: 'It was neither followed nor removed. Look who put it there, and remove it if it is not needed.',
  },
  E_LOCK_FILE: {
    message: 'The lock {path} is not a plain file of yours: {cause}',
    hint: 'Look who put it there; if nothing uses it: rm -d {path}',
  },
  E_NETFS: {
    message: '{path} lies on a network file system ({type}).',
    hint: 'Choose a local disk, or allow network file systems (allowNetworkFs) if its locks work.',
  },
  E_NO_ENROOT: { message: 'enroot was not found.', hint: 'Install enroot or load its module.' },
  E_NO_FLOCK: { message: 'flock was not found.', hint: 'Install util-linux.' },
  E_LOCK_TIMEOUT: {
    message: '{name} is being worked on by another process ({holder}) for more than {seconds} s.',
    hint: 'Wait until it ends, or raise the timeout.',
  },
  E_DIGEST: {
    message: 'The digest of {image} could not be found out: {cause}',
    hint: 'Check the name and the network; --offline takes the entry made last from this name.',
  },
  E_IMAGE: {
    message: '{image} is no usable squashfs image: {cause}',
    hint: 'Check the path; import it again.',
  },
  E_CREATE: {
    message: 'Unpacking {image} failed: {cause}',
    hint: 'Nothing was kept. The log holds the output.',
  },
  E_TIMEOUT: {
    message: 'Unpacking {image} took longer than {seconds} s.',
    hint: 'Nothing was kept. Raise --build-timeout (buildTimeout).',
  },
  E_INCOMPLETE: {
    message: 'Unpacking {image} gave {found} of {wanted} files.',
    hint: 'Nothing was kept. The image may be damaged: import it again.',
  },
  E_NOSPC: {
    message:
      'No room in {path}: up to {need} needed, {available} available, {evictable} could be evicted, {inUse} are in use ({what}).',
    hint: 'End jobs that use other images, raise the limits, or make room. Holes in files count as if they were full: --no-forecast tries without knowing.',
  },
  E_CROSS_DEVICE: {
    message: '{path} lies on another file system than the cache.',
    hint: 'Unmount it: the cache must be one file system.',
  },
  E_INVALID_IN_USE: {
    message: '{path} was not made by this cache, and something is using it.',
    hint: 'Wait until its user ends; then it is replaced.',
  },
  E_STATFS: {
    message: 'The fill level of {path} cannot be measured: {cause}',
    hint: 'Nothing was evicted.',
  },
  E_LIVELOCK: { message: '{name} kept changing while it was being acquired.', hint: 'Try again.' },
  E_NOT_FOUND: { message: 'There is no entry {name} in {path}.', hint: 'See rootfs list.' },
  E_IN_USE: { message: '{name} is in use.', hint: 'Wait until its users end.' },
  E_READ_ONLY: { message: '{path} is read-only.', hint: 'Choose a directory that you can write to.' },
  E_IO: { message: 'Reading or writing {path} failed: {cause}', hint: 'The log holds the details.' },
};

/** A failure of the rootfs cache. Scripts read `rootfsCode`; the doors treat it as any other OperationFailure. */
export class RootfsFailure extends OperationFailure {
  readonly rootfsCode: RootfsErrorCode;

  constructor(rootfsCode: RootfsErrorCode, data: FailureData = {}, cause?: unknown) {
    const words = ROOTFS_FAILURES[rootfsCode];
    const fill = (text: string) =>
      text.replace(/\{(\w+)\}/g, (whole, name: string) => (name in data ? String(data[name]) : whole));
    super('rootfs', { ...data, words: fill(words.message), advice: fill(words.hint) }, cause);
    this.rootfsCode = rootfsCode;
  }
}
