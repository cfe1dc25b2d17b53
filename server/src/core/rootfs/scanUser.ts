// What lies in one user's part of the cache: entries, builds and trash, in portions so that a caller can stay responsive in a big
// one. Runs with that user's rights, follows nothing and writes nothing. Source: rootfs contract, 2.4.5, 2.7.
import fs from 'node:fs';
import type { UserLayout } from './layout.ts';
import { entryOfScratchName, parseRootfsName } from './names.ts';
import { ownerOf } from './ownerRights.ts';
import { isPinned, readPins } from './pins.ts';
import { recordsOf, type ScannedRecord } from './recordIndex.ts';

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

/** A step of a scan: an item, or a user's directory that may not be looked into. */
export type ScanStep = ScannedItem | { readonly kind: 'notVisible'; readonly uid: number };

/** Names looked at before others may run: a millisecond or two. */
const PORTION = 250;

/** Shows everything of one user to `visit`; yields after each portion. */
export function* scanUser(
  layout: UserLayout,
  settingPins: ReadonlySet<string>,
  visit: (step: ScanStep) => void,
): Generator<void> {
  const names = ownerOf(layout) === undefined ? undefined : namesIn(layout.root);
  if (names === 'missing') return;
  if (names === undefined) {
    visit({ kind: 'notVisible', uid: layout.uid });
    return;
  }
  const { dev } = fs.lstatSync(layout.base);
  const place: Place = {
    layout,
    dev,
    devText: String(dev),
    pins: new Set([...settingPins, ...readPins(layout)]),
    recordOf: recordsOf(layout),
  };
  const own = names.filter((name) => parseRootfsName(name)?.uid === layout.uid);
  // The order in which many records are found fastest.
  if (own.length > PORTION) own.sort();
  for (const [index, name] of own.entries()) {
    const item = scanEntry(name, place);
    if (item) visit(item);
    if (index % PORTION === PORTION - 1) yield;
  }
  yield* scanLitter(layout, visit);
}

/** Shows the builds and trash of one user to `visit`. */
export function* scanLitter(layout: UserLayout, visit: (step: ScanStep) => void): Generator<void> {
  if (ownerOf(layout) === undefined) return;
  scanScratch(layout, 'build', layout.build, visit);
  yield;
  scanScratch(layout, 'trash', layout.trash, visit);
}

/** Entries of one user that have a record of their own. */
export function recordedEntries(layout: UserLayout): { name: string; record: ScannedRecord }[] {
  const found: { name: string; record: ScannedRecord }[] = [];
  const scan = scanUser(layout, new Set(), (item) => {
    if (item.kind === 'entry' && item.record) found.push({ name: item.name, record: item.record });
  });
  while (!scan.next().done);
  return found;
}

/** Bytes of all recorded entries of one user. */
export function cacheBytesOf(layout: UserLayout): number {
  return recordedEntries(layout).reduce((bytes, { record }) => bytes + record.bytes, 0);
}

/** Undefined: they may not be read. */
function namesIn(directory: string): readonly string[] | 'missing' | undefined {
  try {
    return fs.readdirSync(directory);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : undefined;
  }
}

interface Place {
  readonly layout: UserLayout;
  readonly dev: number;
  readonly devText: string;
  readonly pins: ReadonlySet<string>;
  readonly recordOf: (name: string) => ScannedRecord | undefined;
}

function scanEntry(name: string, place: Place): ScannedItem | undefined {
  const { layout, pins } = place;
  const path = `${layout.root}/${name}`;
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return undefined;
  const problem = problemOf(stat, place);
  const record = problem === undefined ? recordOfTree(name, stat.ino, path, place) : undefined;
  return {
    layout,
    kind: 'entry',
    name,
    path,
    mtimeMs: stat.mtimeMs,
    ctimeMs: stat.ctimeMs,
    record,
    problem,
    pinned: problem === undefined && isPinned(pins, name, record),
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
function recordOfTree(name: string, ino: number, path: string, place: Place): ScannedRecord | undefined {
  const record = place.recordOf(name);
  if (record?.dev !== place.devText) return undefined;
  const inode = Number.isSafeInteger(ino) ? String(ino) : exactInode(path);
  return record.ino === inode ? record : undefined;
}

function exactInode(path: string): string | undefined {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false, bigint: true });
  return stat && String(stat.ino);
}

function scanScratch(
  layout: UserLayout,
  kind: 'build' | 'trash',
  directory: string,
  visit: (step: ScanStep) => void,
): void {
  const names = namesIn(directory);
  if (names === undefined || names === 'missing') return;
  for (const scratch of names) {
    const name = entryOfScratchName(scratch);
    const path = `${directory}/${scratch}`;
    const stat = name === undefined ? undefined : fs.lstatSync(path, { throwIfNoEntry: false });
    if (name === undefined || !stat) continue;
    const { mtimeMs, ctimeMs } = stat;
    const nothing = { record: undefined, problem: undefined, pinned: false };
    visit({ layout, kind, name, path, mtimeMs, ctimeMs, ...nothing });
  }
}
