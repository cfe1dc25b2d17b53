// One pass over the base: every entry, build and piece of trash that may be seen, in small steps so that a caller can stay
// responsive. As root each directory is read as its owner. Source: rootfs contract, 2.4.7, 2.7.
import fs from 'node:fs';
import { restEvery } from '../restEvery.ts';
import { userLayout, type UserLayout } from './layout.ts';
import { parseUidDirectory } from './names.ts';
import { lendRights, type AsOwner } from './ownerRights.ts';
import { scanUser, type ScanStep } from './scanUser.ts';

export interface ScanRequest {
  readonly base: string;
  /** Users to look at; undefined: all. */
  readonly uids?: readonly number[];
  /** On shared file systems: this host's part. */
  readonly host?: string | undefined;
  /** Pinned by settings: names, images, image files. */
  readonly pinned?: readonly string[];
}

/** How long a scan goes on, and root keeps users' rights, before others may run. */
const SLICE_MS = 20;
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

/** Yields everything found, in portions of a few milliseconds. Throws only when the base itself cannot be read. */
export function* scanBase(request: ScanRequest): Generator<readonly ScanStep[], void> {
  const { base, host, uids = userDirectories(base), pinned = [] } = request;
  const pins = new Set(pinned);
  const layouts = uids.map((uid) => userLayout(base, uid, host));
  if (process.geteuid?.() === 0) yield* scanAsOwners(layouts, pins);
  else for (const layout of layouts) yield* scanUser(layout, pins);
}

/** The same, step by step, with a rest for other work every few milliseconds. Throws the signal's reason. */
export async function scanInSlices(
  request: ScanRequest,
  take: (step: ScanStep) => void,
  signal?: AbortSignal,
): Promise<void> {
  const rest = restEvery(SLICE_MS);
  for (const steps of scanBase(request)) {
    for (const step of steps) take(step);
    if (rest.isDue()) await rest.take(signal);
  }
}

/** Several users, or a part of a big one, for each time that rights are lent. */
function* scanAsOwners(
  layouts: readonly UserLayout[],
  pins: ReadonlySet<string>,
): Generator<readonly ScanStep[]> {
  const scans = layouts.map((layout) => ({ layout, portions: scanUser(layout, pins) }));
  let next = 0;
  const scanSome = (asOwner: AsOwner) => {
    const found: (readonly ScanStep[])[] = [];
    const until = performance.now() + LEND_MS;
    for (let scan = scans[next]; scan && performance.now() < until; scan = scans[next]) {
      const { layout, portions } = scan;
      if (asOwner(layout, () => pull(portions, found, until))) next++;
    }
    return found;
  };
  while (next < scans.length) yield* lendRights(scanSome);
}

/** Takes portions until the time is over; true when there are no more. */
function pull(
  portions: Generator<readonly ScanStep[]>,
  into: (readonly ScanStep[])[],
  until: number,
): boolean {
  do {
    const portion = portions.next();
    if (portion.done === true) return true;
    into.push(portion.value);
  } while (performance.now() < until);
  return false;
}
