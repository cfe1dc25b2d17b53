// flock(2) on lock files of the cache: shared for uses, exclusive for builds and evictions. A lock counts only when the path
// still leads to the locked inode (rule L1); nothing is ever converted in place (L2). Source: rootfs contract, section 2.5.
import fs from 'node:fs';
import { RootfsFailure } from '../../model/rootfs.ts';
import { tryLockDescriptors, waitForDescriptor } from '../lockTool.ts';
import type { RootfsPorts } from './rootfsPorts.ts';

export type LockMode = 'shared' | 'exclusive';

export interface LockRequest {
  readonly path: string;
  readonly mode: LockMode;
  /** Seconds; 0: try once. */
  readonly wait: number;
  /** Make the file when it is missing. */
  readonly create: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** A lock that is held until it is released or this process ends. */
export interface HeldLock {
  readonly fd: number;
  readonly path: string;
  readonly release: () => void;
}

const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
const ROUNDS = 50;

/** The lock, or `busy`, or `missing` when there is no file and none was to be made. Throws E_LOCK_FILE, E_NO_FLOCK, E_NETFS, E_LIVELOCK. */
export async function takeLock(
  request: LockRequest,
  ports: RootfsPorts,
): Promise<HeldLock | 'busy' | 'missing'> {
  const deadline = Date.now() + request.wait * 1000;
  for (let round = 0; round < ROUNDS; round++) {
    const fd = openLockFile(request.path, request.create, ports.uid);
    if (fd === undefined) return 'missing';
    const lock = heldLock(fd, request.path);
    try {
      const wait = Math.max(0, deadline - Date.now()) / 1000;
      if (!(await flockDescriptor(fd, request, wait, ports))) {
        lock.release();
        return 'busy';
      }
      if (isSameFile(fd, request.path)) return lock;
      lock.release();
    } catch (error) {
      lock.release();
      throw error;
    }
  }
  throw new RootfsFailure('E_LIVELOCK', { name: request.path });
}

function heldLock(fd: number, path: string): HeldLock {
  let held = true;
  const release = () => {
    if (held) fs.closeSync(fd);
    held = false;
  };
  return { fd, path, release };
}

/** True while the path leads to the very file that the descriptor has open. */
export function isSameFile(fd: number, path: string): boolean {
  const opened = fs.fstatSync(fd, { bigint: true });
  const there = fs.lstatSync(path, { throwIfNoEntry: false, bigint: true });
  return there?.ino === opened.ino && there.dev === opened.dev;
}

/** Opens a lock file that is a plain file of this user's own; undefined when it is missing. Throws E_LOCK_FILE. */
function openLockFile(path: string, create: boolean, uid: number): number | undefined {
  let fd;
  try {
    fd = fs.openSync(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | (create ? O_CREAT : 0), 0o600);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && !create) return undefined;
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EROFS')
      throw new RootfsFailure(code === 'EROFS' ? 'E_READ_ONLY' : 'E_IO', { path, cause: message }, error);
    throw new RootfsFailure('E_LOCK_FILE', { path, cause: message }, error);
  }
  const stat = fs.fstatSync(fd);
  const cause = !stat.isFile()
    ? 'it is not a regular file'
    : stat.uid !== uid
      ? `it belongs to ${stat.uid}`
      : stat.nlink > 1
        ? 'it has a second name (hard link)'
        : undefined;
  if (cause === undefined) return fd;
  fs.closeSync(fd);
  // Unlinked between open and fstat: nobody's any more, the caller looks again.
  throw new RootfsFailure('E_LOCK_FILE', { path, cause });
}

async function flockDescriptor(
  fd: number,
  { mode, path, signal }: LockRequest,
  wait: number,
  ports: RootfsPorts,
): Promise<boolean> {
  signal?.throwIfAborted();
  const lock = { fd, mode };
  const [now = 'busy'] = await tryLockDescriptors([lock], ports);
  const outcome =
    now === 'busy' && wait > 0 ? await waitForDescriptor(lock, wait * 1000, signal, ports) : now;
  return isLocked(outcome, path);
}

/** False for `busy`. Throws E_NO_FLOCK, E_NETFS, E_LOCK_FILE for everything else that is no lock. */
function isLocked(outcome: string, path: string): boolean {
  if (outcome === 'locked') return true;
  if (outcome === 'busy') return false;
  if (outcome.endsWith('was found')) throw new RootfsFailure('E_NO_FLOCK');
  if (/not implemented|no locks available/i.test(outcome))
    throw new RootfsFailure('E_NETFS', { path, type: 'without locks' });
  throw new RootfsFailure('E_LOCK_FILE', { path, cause: outcome });
}

/**
 * Several locks in this order, all at one go and without waiting; undefined when not all could be had, and then none is held.
 * What is wrong with a file is not told: whoever takes them one by one is told.
 */
export async function tryLocksAtOnce(
  requests: readonly Pick<LockRequest, 'path' | 'mode' | 'create'>[],
  ports: RootfsPorts,
): Promise<HeldLock[] | undefined> {
  const held: HeldLock[] = [];
  let all = false;
  try {
    for (const { path, create } of requests) {
      const fd = openLockFile(path, create, ports.uid);
      if (fd === undefined) return undefined;
      held.push(heldLock(fd, path));
    }
    const wanted = held.map(({ fd }, index) => ({ fd, mode: requests[index]?.mode ?? 'exclusive' }));
    const outcomes = await tryLockDescriptors(wanted, ports);
    all =
      outcomes.every((outcome) => outcome === 'locked') && held.every(({ fd, path }) => isSameFile(fd, path));
    return all ? held : undefined;
  } catch (error) {
    if (error instanceof RootfsFailure) return undefined;
    throw error;
  } finally {
    if (!all) for (const lock of held) lock.release();
  }
}
