// One pass over the base: every entry, build and piece of trash that may be seen, in small steps so that a caller can stay
// responsive. Follows nothing and writes nothing. As root each directory is read as its owner. Source: rootfs contract, 2.4.7, 2.7.
import fs from 'node:fs';
import { join } from 'node:path';
import { lookAtEntry, readMetadata } from './entryOnDisk.ts';
import { userLayout, type UserLayout } from './layout.ts';
import { recordsTree, type RootfsMetadata } from './metadata.ts';
import { entryOfScratchName, parseRootfsName, parseUidDirectory } from './names.ts';
import { isPinned, readPins } from './pins.ts';

/** What was found under one name. */
export interface ScannedItem {
  readonly layout: UserLayout;
  readonly kind: 'entry' | 'build' | 'trash';
  /** The entry's name, also for builds and trash. */
  readonly name: string;
  readonly path: string;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  /** Only when it was made for this very tree. */
  readonly metadata: RootfsMetadata | undefined;
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
}

/** A step of a scan: an item, or a user's directory that may not be looked into, or only a place to rest. */
export type ScanStep = ScannedItem | { readonly kind: 'notVisible'; readonly uid: number } | undefined;

/** A group that owns nothing. */
const NOBODY = 65534;

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
  for (const uid of request.uids ?? userDirectories(request.base)) {
    const layout = userLayout(request.base, uid, request.host);
    yield* asOwner(layout, function* () {
      yield* scanUser(layout);
    });
  }
}

/** Entries of one user that have a record of their own. */
export function recordedEntries(layout: UserLayout): { name: string; metadata: RootfsMetadata }[] {
  const found: { name: string; metadata: RootfsMetadata }[] = [];
  for (const item of scanUser(layout)) {
    if (item?.kind === 'entry' && item.metadata) found.push({ name: item.name, metadata: item.metadata });
  }
  return found;
}

/** Bytes of all recorded entries of one user. */
export function cacheBytesOf(layout: UserLayout): number {
  return recordedEntries(layout).reduce((bytes, { metadata }) => bytes + metadata.bytes, 0);
}

/** Runs a scan with the rights of the directory's owner, one directory at a time, without yielding while they are held. */
function* asOwner(layout: UserLayout, scan: () => Generator<ScanStep>): Generator<ScanStep> {
  const owner = ownerOf(layout);
  if (owner === undefined) {
    yield { kind: 'notVisible', uid: layout.uid };
    return;
  }
  if (process.geteuid?.() !== 0 || owner.uid === 0) {
    yield* scan();
    return;
  }
  yield* withRightsOf(owner, () => [...scan()]);
}

function ownerOf(layout: UserLayout): { uid: number; gid: number } | undefined {
  const stat = fs.lstatSync(join(layout.base, String(layout.uid)), { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return undefined;
  return { uid: stat.uid, gid: stat.gid };
}

/** Runs something short and synchronous inside a user's directory with the rights of its owner, when root asks. */
export function asOwnerOf<T>(layout: UserLayout, work: () => T): T {
  const owner = process.geteuid?.() === 0 ? ownerOf(layout) : undefined;
  return owner === undefined || owner.uid === 0 ? work() : withRightsOf(owner, work);
}

/** Runs `work` with the effective rights of another user; synchronous, so that nothing else runs with them. */
function withRightsOf<T>(owner: { uid: number; gid: number }, work: () => T): T {
  const groups = process.getgroups?.() ?? [];
  const gid = process.getegid?.() ?? 0;
  process.setgroups?.([]);
  process.setegid?.(owner.gid === 0 ? NOBODY : owner.gid);
  process.seteuid?.(owner.uid);
  try {
    return work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(gid);
    process.setgroups?.(groups);
  }
}

function* scanUser(layout: UserLayout): Generator<ScanStep> {
  let names;
  try {
    names = fs.readdirSync(layout.root);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') yield { kind: 'notVisible', uid: layout.uid };
    return;
  }
  const device = fs.lstatSync(layout.base, { bigint: true }).dev;
  const pins = readPins(layout);
  for (const name of names) {
    if (parseRootfsName(name)?.uid !== layout.uid) continue;
    const item = scanEntry(layout, name, device, pins);
    if (item) yield item;
  }
  yield* scanScratch(layout, 'build', layout.build);
  yield* scanScratch(layout, 'trash', layout.trash);
}

function scanEntry(
  layout: UserLayout,
  name: string,
  device: bigint,
  pins: ReadonlySet<string>,
): ScannedItem | undefined {
  const path = `${layout.root}/${name}`;
  const tree = lookAtEntry(path, layout.uid, device);
  if (tree.kind === 'missing') return undefined;
  const common = { layout, kind: 'entry', name, path } as const;
  if (tree.kind === 'invalid')
    return {
      ...common,
      ...{
        dev: 0n,
        ino: 0n,
        mtimeNs: 0n,
        ctimeNs: 0n,
        metadata: undefined,
        problem: tree.reason,
        pinned: false,
      },
    };
  const record = readMetadata(layout, name);
  const metadata = record && recordsTree(record, tree, undefined) ? record : undefined;
  const { dev, ino, mtimeNs, ctimeNs } = tree;
  const pinned = isPinned(pins, name, metadata);
  return { ...common, dev, ino, mtimeNs, ctimeNs, metadata, problem: undefined, pinned };
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
    const path = join(directory, scratch);
    const stat = fs.lstatSync(path, { throwIfNoEntry: false, bigint: true });
    if (name === undefined || !stat) continue;
    const { dev, ino, mtimeNs, ctimeNs } = stat;
    yield {
      layout,
      kind,
      name,
      path,
      dev,
      ino,
      mtimeNs,
      ctimeNs,
      metadata: undefined,
      problem: undefined,
      pinned: false,
    };
  }
}
