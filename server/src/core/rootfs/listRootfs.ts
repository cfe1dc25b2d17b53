// The list of everything in the cache, and what can be said of the file system. Takes no lock and writes nothing.
// Source: rootfs contract, section 2.13.
import fs from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type {
  RootfsEntry,
  RootfsFileSystem,
  RootfsHolder,
  RootfsLastGc,
  RootfsList,
} from '../../model/rootfs.ts';
import { checkBase, statfsOf } from './checkDirectories.ts';
import { lockPath, PROPOSAL_LOCK, userLayout } from './layout.ts';
import { readLockHolders, type LockHolders } from './lockHolders.ts';
import { readMountUsers } from './mounts.ts';
import { isPinned } from './pins.ts';
import { isHeld } from './planGc.ts';
import type { RootfsPorts } from './rootfsPorts.ts';
import { scanBase, type ScannedItem } from './scanRootfs.ts';
import { lastUsedNs } from './selectVictims.ts';
import type { RootfsSettings } from './settings.ts';
import { usedPercent } from './watermark.ts';

const SECOND = 1_000_000_000n;
const SLICE_MS = 15;

/** Everything that may be seen, least recently used first. Throws E_BASE_UNSAFE, E_NETFS, E_STATFS. */
export async function listRootfs(
  settings: RootfsSettings,
  base: string,
  ports: RootfsPorts,
  signal?: AbortSignal,
): Promise<RootfsList> {
  const warnings = checkBase(base, settings.allowNetworkFs, ports);
  const host = settings.allowNetworkFs ? ports.host : undefined;
  const nowNs = ports.nowNs();
  const look = createLook(settings, base, nowNs);
  const found: { usedNs: bigint; entry: RootfsEntry }[] = [];
  let notVisible = 0;
  let rest = Date.now() + SLICE_MS;
  for (const step of scanBase({ base, host })) {
    if (step?.kind === 'notVisible') {
      notVisible++;
      found.push({ usedNs: 0n, entry: hiddenEntry(base, step.uid) });
    } else if (step) found.push({ usedNs: lastUsedNs(step, nowNs), entry: look(step) });
    if (Date.now() < rest) continue;
    signal?.throwIfAborted();
    await setImmediate();
    rest = Date.now() + SLICE_MS;
  }
  found.sort((a, b) => Number(a.usedNs - b.usedNs) || (b.entry.bytes ?? 0) - (a.entry.bytes ?? 0));
  const entries = found.map(({ entry }) => entry);
  const fs = fileSystem(entries, notVisible, settings, base, ports);
  return { schema_version: 1, base, fs, entries, warnings };
}

/** Turns what a scan found into an entry as people see it. */
function createLook(
  settings: RootfsSettings,
  base: string,
  nowNs: bigint,
): (item: ScannedItem) => RootfsEntry {
  const holders = readLockHolders(base);
  const mounts = readMountUsers();
  const pins = new Set(settings.pinned);
  return (item) => {
    const { metadata, layout, name, path } = item;
    const held = holdersOf(item, holders, mounts);
    const pinned = item.pinned || isPinned(pins, name, metadata);
    return {
      uid: layout.uid,
      name,
      image: metadata?.image ?? null,
      key: metadata?.key ?? null,
      bytes: metadata?.bytes ?? null,
      inodes: metadata?.inodes ?? null,
      created_at: metadata?.createdAt ?? null,
      last_used: item.problem === undefined ? Number(lastUsedNs(item, nowNs) / SECOND) : null,
      state: stateOf(item, held.length > 0, pinned),
      ...(item.problem === undefined ? {} : { reason: item.problem }),
      pinned,
      holders: held,
      path,
    };
  };
}

function stateOf(item: ScannedItem, held: boolean, pinned: boolean): RootfsEntry['state'] {
  if (item.kind === 'trash') return 'trash';
  if (item.kind === 'build') return 'building';
  if (item.problem !== undefined) return 'invalid';
  if (held) return 'inUse';
  if (pinned) return 'pinned';
  return item.metadata ? 'ready' : 'foreign';
}

const NOBODY: RootfsHolder[] = [];

function holdersOf(
  item: ScannedItem,
  locks: LockHolders,
  mounts: (path: string) => number[],
): RootfsHolder[] {
  const mounted = mounts(item.path).map((pid) => ({ kind: 'mount' as const, pid }));
  if (locks.none) return mounted.length > 0 ? mounted : NOBODY;
  const pids = new Set([
    ...locks.byPath(lockPath(item.layout, item.name)),
    ...locks.byPath(`${item.path}/${PROPOSAL_LOCK}`),
  ]);
  const known = [...pids].map((pid) => ({ kind: 'lock' as const, pid }));
  const unseen = pids.size === 0 && item.kind === 'entry' && isHeld(item, locks);
  const all = [...known, ...(unseen ? [{ kind: 'lock' as const, pid: null }] : []), ...mounted];
  return all.length > 0 ? all : NOBODY;
}

function hiddenEntry(base: string, uid: number): RootfsEntry {
  const path = userLayout(base, uid).root;
  return {
    ...{ uid, name: String(uid), image: null, key: null, bytes: null, inodes: null, created_at: null },
    ...{ last_used: null, state: 'notVisible' as const, pinned: false, holders: NOBODY, path },
  };
}

function fileSystem(
  entries: readonly RootfsEntry[],
  notVisible: number,
  settings: RootfsSettings,
  base: string,
  ports: RootfsPorts,
): RootfsFileSystem {
  const state = statfsOf(base, ports);
  const sum = (wanted: (entry: RootfsEntry) => boolean) =>
    entries.reduce((bytes, entry) => bytes + (wanted(entry) ? (entry.bytes ?? 0) : 0), 0);
  return {
    used_percent: usedPercent(state, settings.usageFormula),
    high: settings.high,
    low: settings.low,
    total_bytes: Number(state.blocks * state.bsize),
    free_bytes: Number(state.bavail * state.bsize),
    cache_bytes: sum(() => true),
    evictable_bytes: sum(({ state: is }) => is === 'ready'),
    not_visible: notVisible,
    last_gc: readLastGc(base, ports),
  };
}

function readLastGc(base: string, ports: RootfsPorts): RootfsLastGc | null {
  try {
    return JSON.parse(fs.readFileSync(userLayout(base, ports.uid).lastGc, 'utf8')) as RootfsLastGc;
  } catch {
    return null;
  }
}
