// One pass over the base: every entry, build and piece of trash that may be seen, in small steps so that a caller can stay
// responsive. Follows nothing and writes nothing. As root each directory is read as its owner. Source: rootfs contract, 2.4.7, 2.7.
import fs from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { readMetadata } from './entryOnDisk.ts';
import { userLayout, type UserLayout } from './layout.ts';
import type { RootfsMetadata } from './metadata.ts';
import { entryOfScratchName, parseRootfsName, parseUidDirectory } from './names.ts';
import { lendRights, ownerOf, type AsOwner } from './ownerRights.ts';
import { isPinned, readPins } from './pins.ts';

/** What a list and a plan tell of an entry's record: little, because there may be 100,000 of them at once. */
export type ScannedRecord = Pick<RootfsMetadata, 'image' | 'key' | 'bytes' | 'inodes' | 'createdAt'>;

/** What was found under one name. Times are milliseconds with fractions: exact enough to sort, never to decide under a lock. */
export interface ScannedItem {
  readonly layout: UserLayout;
  readonly kind: 'entry' | 'build' | 'trash';
  /** The entry's name, also for builds and trash. */
  readonly name: string;
  readonly path: string;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  /** Only when it was made for this very tree. */
  readonly record: ScannedRecord | undefined;
  /** Why it is neither an entry nor removable. */
  readonly problem: string | undefined;
  readonly pinned: boolean;
}

export interface ScanRequest {
  readonly base: string;
  /** Users to look at; undefined: all. */
  readonly uids?: readonly number[];
  /** On shared file systems: this host's part. */
  readonly host?: string | undefined;
  /** Pinned by settings: names, images, image files. */
  readonly pinned?: readonly string[];
}

/** A step of a scan: an item, or a user's directory that may not be looked into. */
export type ScanStep = ScannedItem | { readonly kind: 'notVisible'; readonly uid: number };

/** How long a scan goes on, and root keeps a user's rights, before others may run. */
const SLICE_MS = 20;

/** Directories of users directly below the base, by uid. */
export function userDirectories(base: string): number[] {
  return fs
    .readdirSync(base)
    .map(parseUidDirectory)
    .filter((uid) => uid !== undefined)
    .sort((a, b) => a - b);
}

/** Yields everything found. Throws only when the base itself cannot be read. */
export function* scanBase(request: ScanRequest): Generator<ScanStep, void> {
  const { base, host, uids = userDirectories(base), pinned = [] } = request;
  const pins = new Set(pinned);
  const layouts = uids.map((uid) => userLayout(base, uid, host));
  if (process.geteuid?.() === 0) yield* scanAsOwners(layouts, pins);
  else for (const layout of layouts) yield* scanVisible(layout, pins);
}

/** The same, step by step, with a rest for other work every few milliseconds. Throws the signal's reason. */
export async function scanInSlices(
  request: ScanRequest,
  take: (step: ScanStep) => void,
  signal?: AbortSignal,
): Promise<void> {
  let rest = performance.now() + SLICE_MS;
  for (const step of scanBase(request)) {
    take(step);
    if (performance.now() < rest) continue;
    signal?.throwIfAborted();
    await setImmediate();
    rest = performance.now() + SLICE_MS;
  }
}

/** Several users, or a part of a big one, for each time that rights are lent. */
function* scanAsOwners(layouts: readonly UserLayout[], pins: ReadonlySet<string>): Generator<ScanStep> {
  const scans = layouts.map((layout) => ({ layout, steps: scanVisible(layout, pins) }));
  let next = 0;
  const scanSome = (asOwner: AsOwner) => {
    const found: ScanStep[] = [];
    const until = performance.now() + SLICE_MS;
    for (let scan = scans[next]; scan && performance.now() < until; scan = scans[next]) {
      const { layout, steps } = scan;
      if (asOwner(layout, () => pull(steps, found, until))) next++;
    }
    return found;
  };
  while (next < scans.length) yield* lendRights(scanSome);
}

/** Takes steps until the time is over; true when there are no more. */
function pull(steps: Generator<ScanStep>, into: ScanStep[], until: number): boolean {
  for (let count = 1; ; count++) {
    const step = steps.next();
    if (step.done === true) return true;
    into.push(step.value);
    if (count % 64 === 0 && performance.now() >= until) return false;
  }
}

function* scanVisible(layout: UserLayout, pins: ReadonlySet<string>): Generator<ScanStep> {
  if (ownerOf(layout) === undefined) yield { kind: 'notVisible', uid: layout.uid };
  else yield* scanUser(layout, pins);
}

/** Entries of one user that have a record of their own. */
export function recordedEntries(layout: UserLayout): { name: string; record: ScannedRecord }[] {
  const found: { name: string; record: ScannedRecord }[] = [];
  for (const item of scanUser(layout, new Set())) {
    if (item.kind === 'entry' && item.record) found.push({ name: item.name, record: item.record });
  }
  return found;
}

/** Bytes of all recorded entries of one user. */
export function cacheBytesOf(layout: UserLayout): number {
  return recordedEntries(layout).reduce((bytes, { record }) => bytes + record.bytes, 0);
}

function* scanUser(layout: UserLayout, settingPins: ReadonlySet<string>): Generator<ScanStep> {
  let names;
  try {
    names = fs.readdirSync(layout.root);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') yield { kind: 'notVisible', uid: layout.uid };
    return;
  }
  const { dev } = fs.lstatSync(layout.base);
  const place = { layout, dev, devText: String(dev), pins: new Set([...settingPins, ...readPins(layout)]) };
  for (const name of names) {
    if (parseRootfsName(name)?.uid !== layout.uid) continue;
    const item = scanEntry(name, place);
    if (item) yield item;
  }
  yield* scanScratch(layout, 'build', layout.build);
  yield* scanScratch(layout, 'trash', layout.trash);
}

interface Place {
  readonly layout: UserLayout;
  readonly dev: number;
  readonly devText: string;
  readonly pins: ReadonlySet<string>;
}

function scanEntry(name: string, place: Place): ScannedItem | undefined {
  const { layout, pins } = place;
  const path = `${layout.root}/${name}`;
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return undefined;
  const problem = problemOf(stat, place);
  const metadata = problem === undefined ? recordOf(name, stat.ino, path, place) : undefined;
  return {
    layout,
    kind: 'entry',
    name,
    path,
    mtimeMs: stat.mtimeMs,
    ctimeMs: stat.ctimeMs,
    record: metadata && shortOf(metadata),
    problem,
    pinned: problem === undefined && isPinned(pins, name, metadata),
  };
}

/** The rules of lookAtEntry, by the cheaper stat. */
function problemOf(stat: fs.Stats, { layout, dev }: Place): string | undefined {
  if (stat.isSymbolicLink()) return 'a symbolic link';
  if (!stat.isDirectory()) return 'not a directory';
  if (stat.uid !== layout.uid) return `owned by ${stat.uid}`;
  return stat.dev === dev ? undefined : 'a mount point';
}

/** The record that names this very tree. */
function recordOf(name: string, ino: number, path: string, place: Place): RootfsMetadata | undefined {
  const metadata = readMetadata(place.layout, name);
  if (metadata?.dev !== place.devText) return undefined;
  const inode = Number.isSafeInteger(ino) ? String(ino) : exactInode(path);
  return metadata.ino === inode ? metadata : undefined;
}

function exactInode(path: string): string | undefined {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false, bigint: true });
  return stat && String(stat.ino);
}

function shortOf({ image, key, bytes, inodes, createdAt }: RootfsMetadata): ScannedRecord {
  return { image, key, bytes, inodes, createdAt };
}

function* scanScratch(layout: UserLayout, kind: 'build' | 'trash', directory: string): Generator<ScanStep> {
  let names;
  try {
    names = fs.readdirSync(directory);
  } catch {
    return;
  }
  for (const scratch of names) {
    const name = entryOfScratchName(scratch);
    const path = `${directory}/${scratch}`;
    const stat = fs.lstatSync(path, { throwIfNoEntry: false });
    if (name === undefined || !stat) continue;
    const { mtimeMs, ctimeMs } = stat;
    yield {
      layout,
      kind,
      name,
      path,
      mtimeMs,
      ctimeMs,
      record: undefined,
      problem: undefined,
      pinned: false,
    };
  }
}
