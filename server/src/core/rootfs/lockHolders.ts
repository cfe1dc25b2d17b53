// Who holds lock files, for display only: nothing is decided from it and no lock is probed. The kernel names the process that
// called flock, often a child long gone; so open descriptors are asked too. Source: rootfs contract, section 2.5.
import fs from 'node:fs';
import { processIds } from './mounts.ts';

export interface LockHolders {
  /** Processes that hold a lock on this path. */
  byPath(path: string): readonly number[];
  /** True when some process, seen or not, holds a lock on this file. */
  isLocked(file: { dev: bigint; ino: bigint }): boolean;
  /** Root sees the descriptors of all processes: what no path tells is held by nobody. */
  readonly seesAll: boolean;
  /** Nothing is held, so that nothing need be asked. */
  readonly none: boolean;
}

/** One look at all locks below a directory. */
export function readLockHolders(below: string): LockHolders {
  const locked = readProcLocks();
  const seesAll = process.geteuid?.() === 0;
  const paths = locked.size === 0 ? new Map<string, number[]>() : readDescriptors(below);
  return {
    byPath: (path) => paths.get(path) ?? [],
    isLocked: ({ dev, ino }) => locked.has(`${majorOf(dev)}:${minorOf(dev)}:${ino}`),
    none: paths.size === 0 && (seesAll || locked.size === 0),
    seesAll,
  };
}

function readProcLocks(): Set<string> {
  const locked = new Set<string>();
  for (const line of readText('/proc/locks').split('\n')) {
    const match = /^\d+: FLOCK\s+\S+\s+\S+\s+-?\d+ ([0-9a-f]+):([0-9a-f]+):(\d+) /.exec(line);
    if (match)
      locked.add(
        `${Number.parseInt(match[1] ?? '', 16)}:${Number.parseInt(match[2] ?? '', 16)}:${match[3] ?? ''}`,
      );
  }
  return locked;
}

function readDescriptors(below: string): Map<string, number[]> {
  const holders = new Map<string, number[]>();
  for (const pid of processIds()) {
    for (const fd of namesIn(`/proc/${pid}/fd`)) {
      const path = linkOf(`/proc/${pid}/fd/${fd}`);
      if (!path?.startsWith(below) || holders.get(path)?.includes(pid)) continue;
      if (!readText(`/proc/${pid}/fdinfo/${fd}`).includes('FLOCK')) continue;
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
