// Who holds lock files, for display only: nothing is decided from it and no lock is probed. The kernel names the process that
// called flock, often a child long gone; so open descriptors are asked too. Source: rootfs contract, section 2.5.
import fs from 'node:fs';
import { processIds } from './mounts.ts';

export interface LockHolders {
  /** Processes that hold a lock on this path. */
  byPath(path: string): readonly number[];
  /** True when a process that cannot be seen holds a lock on this file. */
  isLocked(file: { dev: bigint; ino: bigint }): boolean;
  /** What no path tells is held by nobody: every lock on this file system has a holder that is seen, or we see all. */
  readonly seesAll: boolean;
  /** Nothing is held, so that nothing need be asked. */
  readonly none: boolean;
}

/** One look at all locks below a directory. */
export function readLockHolders(below: string): LockHolders {
  const locked = readProcLocks(deviceTextOf(below));
  const paths = locked.size === 0 ? new Map<string, number[]>() : readDescriptors(below, locked);
  const seesAll = process.geteuid?.() === 0 || locked.size === 0;
  return {
    byPath: (path) => paths.get(path) ?? [],
    isLocked: ({ dev, ino }) => locked.has(`${majorOf(dev)}:${minorOf(dev)}:${ino}`),
    none: paths.size === 0 && seesAll,
    seesAll,
  };
}

/** Undefined where the device of files is not the one that the kernel tells of locks. */
function deviceTextOf(path: string): string | undefined {
  const stat = fs.statSync(path, { throwIfNoEntry: false, bigint: true });
  return stat && `${majorOf(stat.dev)}:${minorOf(stat.dev)}:`;
}

/** Locked files of one file system, as `major:minor:inode`. */
function readProcLocks(device: string | undefined): Set<string> {
  const locked = new Set<string>();
  for (const line of readText('/proc/locks').split('\n')) {
    const file = lockedFile(line);
    if (file !== undefined && (device === undefined || file.startsWith(device))) locked.add(file);
  }
  return locked;
}

/** The file of a line of /proc/locks or of a lock in fdinfo. */
function lockedFile(line: string): string | undefined {
  const match = /\d+: FLOCK\s+\S+\s+\S+\s+-?\d+ ([0-9a-f]+):([0-9a-f]+):(\d+) /.exec(line);
  if (!match) return undefined;
  const [, major = '', minor = '', inode = ''] = match;
  return `${Number.parseInt(major, 16)}:${Number.parseInt(minor, 16)}:${inode}`;
}

/** Descriptors with locks below a directory; takes every lock that has a holder out of `locked`. */
function readDescriptors(below: string, locked: Set<string>): Map<string, number[]> {
  const holders = new Map<string, number[]>();
  for (const pid of processIds()) {
    for (const fd of namesIn(`/proc/${pid}/fd`)) {
      const path = linkOf(`/proc/${pid}/fd/${fd}`);
      // Locks of others are named so, too; opening the rest would cost more than it tells.
      if (!path || (!path.startsWith(below) && !path.includes('lock'))) continue;
      const file = lockedFile(readText(`/proc/${pid}/fdinfo/${fd}`));
      if (file === undefined) continue;
      locked.delete(file);
      if (!path.startsWith(below) || holders.get(path)?.includes(pid)) continue;
      holders.set(path, [...(holders.get(path) ?? []), pid]);
    }
  }
  return holders;
}

function namesIn(path: string): string[] {
  try {
    return fs.readdirSync(path);
  } catch {
    return [];
  }
}

function linkOf(path: string): string | undefined {
  try {
    return fs.readlinkSync(path);
  } catch {
    return undefined;
  }
}

function readText(path: string): string {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function majorOf(dev: bigint): bigint {
  return ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
}

function minorOf(dev: bigint): bigint {
  return (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
}
