// One pass over the base: every entry, build and piece of trash that may be seen, in small steps so that a caller can stay
// responsive. As root each directory is read as its owner. Source: rootfs contract, 2.4.7, 2.7.
import fs from 'node:fs';
import { finishInSlices } from '../restEvery.ts';
import { userLayout, type UserLayout } from './layout.ts';
import { parseUidDirectory } from './names.ts';
import { lendRights, type AsOwner } from './ownerRights.ts';
import { scanLitter, scanUser, type ScanStep } from './scanUser.ts';

export interface ScanRequest {
  readonly base: string;
  /** Users to look at, asked for one by one when it is their turn; undefined: all. */
  readonly uids?: Iterable<number>;
  /** On shared file systems: this host's part. */
  readonly host?: string | undefined;
  /** Pinned by settings: names, images, image files. */
  readonly pinned?: readonly string[];
  /** Builds and trash alone: no look at any entry. */
  readonly scratchOnly?: boolean;
}

/** Giving up root's groups is told to every thread: a scan of many users does it less often. */
const LEND_MS = 80;

/** Directories of users directly below the base, by uid. */
export function userDirectories(base: string): number[] {
  return fs
    .readdirSync(base)
    .map(parseUidDirectory)
    .filter((uid) => uid !== undefined)
    .sort((a, b) => a - b);
}

/**
 * Shows everything found to `visit`, which runs with the rights of the user whose it is; yields every few milliseconds, as root
 * after `lendMs`. Throws only when the base itself cannot be read, and what `visit` throws.
 */
export function* scanBase(
  request: ScanRequest,
  visit: (step: ScanStep) => void,
  lendMs = LEND_MS,
): Generator<void> {
  const { base, host, uids = userDirectories(base), pinned = [], scratchOnly = false } = request;
  const pins = new Set(pinned);
  const users = uids[Symbol.iterator]();
  const next = (): UserScan | undefined => {
    const user = users.next();
    if (user.done) return undefined;
    const layout = userLayout(base, user.value, host);
    return { layout, portions: scratchOnly ? scanLitter(layout, visit) : scanUser(layout, pins, visit) };
  };
  if (process.geteuid?.() === 0) yield* scanAsOwners(next, lendMs);
  else for (let scan = next(); scan; scan = next()) yield* scan.portions;
}

/** The same, with a rest for other work every few milliseconds. Throws the signal's reason. */
export async function scanInSlices(
  request: ScanRequest,
  visit: (step: ScanStep) => void,
  signal?: AbortSignal,
): Promise<void> {
  await finishInSlices(scanBase(request, visit), signal);
}

interface UserScan {
  readonly layout: UserLayout;
  readonly portions: Generator<void>;
}

/** Several users, or a part of a big one, for each time that rights are lent. */
function* scanAsOwners(next: () => UserScan | undefined, lendMs: number): Generator<void> {
  let scan = next();
  const scanSome = (asOwner: AsOwner) => {
    const until = performance.now() + lendMs;
    while (scan && performance.now() < until) {
      const { layout, portions } = scan;
      if (asOwner(layout, () => pull(portions, until))) scan = next();
    }
  };
  while (scan) {
    lendRights(scanSome);
    yield;
  }
}

/** Takes portions until the time is over; true when there are no more. */
function pull(portions: Generator<void>, until: number): boolean {
  do if (portions.next().done) return true;
  while (performance.now() < until);
  return false;
}
