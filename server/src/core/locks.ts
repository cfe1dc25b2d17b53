// flock(2) on the permanent lock files beside an artifact, to interlock with hpc-compose (cache contract, section 5).
// Node has no flock: a child locks a descriptor of ours; the lock stays with the open file until we close it.
// Lock files are never removed, never followed when they are links, and never written to.
import { constants } from 'node:fs';
import { OperationFailure } from '../model/failure.ts';
import { errnoOf, type FileSystem } from './files.ts';
import { ioFailure } from './ioFailure.ts';
import { tryLockDescriptors, waitForDescriptor } from './lockTool.ts';
import type { Ports } from './ports.ts';

/** How long hpc-compose waits for a build lock. */
export const BUILD_LOCK_TIMEOUT_MS = 30 * 60 * 1000;
/** After this a manifest is changed without its lock, as hpc-compose does. */
export const MANIFEST_LOCK_TIMEOUT_MS = 5000;
/** Descriptors that are tried at once at most. */
export const LOCK_BATCH = 400;

export type LockPorts = Pick<Ports, 'run' | 'files' | 'env' | 'log' | 'lockChildren'>;

export interface LockOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** Called once when the lock is held by somebody else. */
  readonly onWait?: () => void;
}

/** A lock that is held, or `undefined` inside when the file system cannot be written to and there is nothing to lock. */
export interface Lock {
  readonly path: string;
  readonly release: () => void;
}

/** Path of the lock that is held while an artifact is built or removed. */
export function buildLockPathOf(artifactPath: string): string {
  return `${artifactPath}.build.lock`;
}

/** Path of the lock that is held while a manifest is changed. Also for staged inputs, whose artifact is a directory. */
export function manifestLockPathOf(artifactPath: string): string {
  return `${artifactPath}.json.lock`;
}

/**
 * Runs `work` under the build lock of an artifact.
 * Throws lock-busy after the timeout, lock-unsupported, lock-unsafe, and what opening the lock file gave.
 */
export async function withBuildLock<T>(
  artifactPath: string,
  options: LockOptions,
  ports: LockPorts,
  work: () => Promise<T>,
): Promise<T> {
  const lock = await acquireLock(buildLockPathOf(artifactPath), options, ports);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

/**
 * Runs `work` under the manifest lock of an artifact, or without it when it cannot be had within five seconds:
 * that is hpc-compose's rule, and it is said in the log.
 */
export async function withManifestLock<T>(
  artifactPath: string,
  options: LockOptions,
  ports: LockPorts,
  work: () => Promise<T>,
): Promise<T> {
  const lock = await manifestLock(artifactPath, options, ports);
  try {
    return await work();
  } finally {
    lock?.release();
  }
}

async function manifestLock(artifactPath: string, options: LockOptions, ports: LockPorts) {
  const path = manifestLockPathOf(artifactPath);
  try {
    return await acquireLock(path, { timeoutMs: MANIFEST_LOCK_TIMEOUT_MS, ...options }, ports);
  } catch (error) {
    if (!(error instanceof OperationFailure) || error.code === 'lock-unsafe') throw error;
    ports.log.warn(`${error.message} The manifest is changed without its lock.`);
    return undefined;
  }
}

/** Takes a lock, waiting up to the timeout (30 minutes if none is given). Throws as withBuildLock, or the signal's reason. */
export async function acquireLock(path: string, options: LockOptions, ports: LockPorts): Promise<Lock> {
  options.signal?.throwIfAborted();
  const fd = openLock(path, ports.files);
  try {
    const wanted = { fd, mode: 'exclusive' } as const;
    const [first] = await tryLockDescriptors([wanted], ports);
    if (first !== 'locked') {
      if (first !== 'busy') throw lockError(path, first ?? 'not tried');
      options.onWait?.();
      const timeoutMs = options.timeoutMs ?? BUILD_LOCK_TIMEOUT_MS;
      const outcome = await waitForDescriptor(wanted, timeoutMs, options.signal, ports);
      if (outcome === 'busy') throw new OperationFailure('lock-busy', { path });
      if (outcome !== 'locked') throw lockError(path, outcome);
    }
    return heldLock(path, fd, ports.files);
  } catch (error) {
    ports.files.close(fd);
    throw error;
  }
}

/** What became of one lock of a batch. */
export type LockAttempt = Lock | 'busy' | OperationFailure;

/**
 * Tries many locks at once, without waiting, some hundred descriptors a time.
 * The answer has one item for each path, in order.
 */
export async function tryLocks(paths: readonly string[], ports: LockPorts): Promise<LockAttempt[]> {
  const attempts: LockAttempt[] = [];
  for (let start = 0; start < paths.length; start += LOCK_BATCH) {
    attempts.push(...(await tryBatch(paths.slice(start, start + LOCK_BATCH), ports)));
  }
  return attempts;
}

async function tryBatch(paths: readonly string[], ports: LockPorts): Promise<LockAttempt[]> {
  const opened = paths.map((path) => openOrFailure(path, ports.files));
  const descriptors = opened.filter((item) => typeof item === 'number');
  try {
    const wanted = descriptors.map((fd) => ({ fd, mode: 'exclusive' }) as const);
    const outcomes = await tryLockDescriptors(wanted, ports);
    let next = 0;
    return paths.map((path, index) => {
      const fd = opened[index];
      if (fd === undefined) return lockError(path, 'not opened');
      // Out of descriptors: as good as busy, to be taken alone later.
      if (typeof fd !== 'number') return noDescriptorLeft(fd) ? 'busy' : fd;
      const outcome = outcomes[next++] ?? 'not tried';
      if (outcome === 'locked') return heldLock(path, fd, ports.files);
      ports.files.close(fd);
      return outcome === 'busy' ? 'busy' : lockError(path, outcome);
    });
  } catch (error) {
    for (const fd of descriptors) ports.files.close(fd);
    throw error;
  }
}

function openOrFailure(path: string, files: FileSystem): number | OperationFailure {
  try {
    return openLock(path, files);
  } catch (error) {
    if (error instanceof OperationFailure) return error;
    throw error;
  }
}

function noDescriptorLeft(failure: OperationFailure): boolean {
  return ['EMFILE', 'ENFILE'].includes(errnoOf(failure.cause) ?? '');
}

function heldLock(path: string, fd: number, files: FileSystem): Lock {
  let held = true;
  const release = () => {
    if (held) files.close(fd);
    held = false;
  };
  return { path, release };
}

function lockError(path: string, outcome: string): OperationFailure {
  return new OperationFailure('lock-unsupported', { path, cause: outcome });
}

/** Opens (and makes) a lock file. Throws a failure: lock-unsafe for anything but a plain file, else by the system's error. */
function openLock(path: string, files: FileSystem): number {
  try {
    return openChecked(path, constants.O_RDWR | constants.O_CREAT, files);
  } catch (error) {
    // A file system that is full or read-only, or another user's lock: an existing file can still be locked through reading.
    if (!['EROFS', 'ENOSPC', 'EDQUOT', 'EACCES'].includes(errnoOf(error) ?? '')) throw ioFailure(error, path);
    try {
      return openChecked(path, constants.O_RDONLY, files);
    } catch {
      throw ioFailure(error, path);
    }
  }
}

function openChecked(path: string, flags: number, files: FileSystem): number {
  let fd: number;
  try {
    fd = files.open(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600);
  } catch (error) {
    if (['ELOOP', 'ENXIO', 'EISDIR'].includes(errnoOf(error) ?? ''))
      throw new OperationFailure('lock-unsafe', { path });
    throw error;
  }
  try {
    checkPlainFile(fd, path, files);
    return fd;
  } catch (error) {
    files.close(fd);
    throw error;
  }
}

// hpc-compose sets mode 0600 at every use. So do we, but never on a file that may be somebody else's: a hard link, one with contents.
function checkPlainFile(fd: number, path: string, files: FileSystem): void {
  const stat = files.fstat(fd);
  if (!stat.isFile()) throw new OperationFailure('lock-unsafe', { path });
  const ours = stat.uid === process.geteuid?.() && stat.nlink === 1 && stat.size === 0;
  if (!ours || (stat.mode & 0o777) === 0o600) return;
  try {
    files.fchmod(fd, 0o600);
  } catch {
    // The mode is a courtesy; the lock works without it.
  }
}
