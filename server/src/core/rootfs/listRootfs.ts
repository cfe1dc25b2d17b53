// The list of everything in the cache, and what can be said of the file system. Takes no lock and writes nothing.
// Source: rootfs contract, section 2.13.
import type { RootfsEntry, RootfsFileSystem, RootfsHolder, RootfsList } from '../../model/rootfs.ts';
import { checkBase, statfsOf } from './checkDirectories.ts';
import { readLastGc } from './lastGc.ts';
import { lockPath, PROPOSAL_LOCK, userLayout } from './layout.ts';
import { readLockHolders, type LockHolders } from './lockHolders.ts';
import { readMountUsers } from './mounts.ts';
import { isHeld } from './planGc.ts';
import type { RootfsPorts } from './rootfsPorts.ts';
import { scanInSlices } from './scanRootfs.ts';
import type { ScannedItem, ScanStep } from './scanUser.ts';
import { lastUsedMs } from './selectVictims.ts';
import type { RootfsSettings } from './settings.ts';
import { usedPercent } from './watermark.ts';

/** The list with entries in another form, for callers that would not hold 100,000 of them as they are. */
export interface RootfsListOf<T> extends Omit<RootfsList, 'entries'> {
  readonly entries: T[];
}

/** Everything that may be seen, least recently used first. Throws E_BASE_UNSAFE, E_NETFS, E_STATFS. */
export function listRootfs(
  settings: RootfsSettings,
  base: string,
  ports: RootfsPorts,
  signal?: AbortSignal,
): Promise<RootfsList> {
  return listRootfsAs((entry) => entry, { settings, base, ...(signal ? { signal } : {}) }, ports);
}

/** The same, with each entry turned into something by `keep` as soon as it is found. */
export async function listRootfsAs<T>(
  keep: (entry: RootfsEntry) => T,
  request: { readonly settings: RootfsSettings; readonly base: string; readonly signal?: AbortSignal },
  ports: RootfsPorts,
): Promise<RootfsListOf<T>> {
  const { settings, base, signal } = request;
  const warnings = checkBase(base, settings.allowNetworkFs, ports);
  const host = settings.allowNetworkFs ? ports.host : undefined;
  const nowMs = Number(ports.nowNs() / 1_000_000n);
  const look = createLook(base, nowMs);
  // Plain columns: an object for each entry would cost more than what is kept of it.
  const found = { used: [] as number[], bytes: [] as number[], kept: [] as T[] };
  const sums = { cache: 0, evictable: 0, notVisible: 0 };
  const add = (entry: RootfsEntry, used: number) => {
    const bytes = entry.bytes ?? 0;
    sums.cache += bytes;
    if (entry.state === 'ready') sums.evictable += bytes;
    if (entry.state === 'notVisible') sums.notVisible++;
    found.used.push(used);
    found.bytes.push(bytes);
    found.kept.push(keep(entry));
  };
  const take = (step: ScanStep) => {
    if (step.kind === 'notVisible') add(hiddenEntry(base, step.uid), 0);
    else add(look(step), lastUsedMs(step, nowMs));
  };
  await scanInSlices({ base, host, pinned: settings.pinned }, take, signal);
  const entries = inOrderOfUse(found);
  return { schema_version: 1, base, fs: fileSystem(sums, settings, base, ports), entries, warnings };
}

function inOrderOfUse<T>({ used, bytes, kept }: { used: number[]; bytes: number[]; kept: T[] }): T[] {
  const order = Uint32Array.from(used.keys()).sort(
    (a, b) => (used[a] ?? 0) - (used[b] ?? 0) || (bytes[b] ?? 0) - (bytes[a] ?? 0) || a - b,
  );
  return Array.from(order, (index) => kept[index] as T);
}

/** Turns what a scan found into an entry as people see it. */
function createLook(base: string, nowMs: number): (item: ScannedItem) => RootfsEntry {
  const holders = readLockHolders(base);
  const mounts = readMountUsers();
  return (item) => {
    const { record, layout, name, path, pinned, problem } = item;
    const held = holdersOf(item, holders, mounts);
    return {
      uid: layout.uid,
      name,
      image: record?.image ?? null,
      key: record?.key ?? null,
      bytes: record?.bytes ?? null,
      inodes: record?.inodes ?? null,
      created_at: record?.createdAt ?? null,
      last_used: problem === undefined ? Math.floor(lastUsedMs(item, nowMs) / 1000) : null,
      state: stateOf(item, held.length > 0),
      ...(problem === undefined ? {} : { reason: problem }),
      pinned,
      holders: held,
      path,
    };
  };
}

function stateOf(item: ScannedItem, held: boolean): RootfsEntry['state'] {
  if (item.kind === 'trash') return 'trash';
  if (item.kind === 'build') return 'building';
  if (item.problem !== undefined) return 'invalid';
  if (held) return 'inUse';
  if (item.pinned) return 'pinned';
  return item.record ? 'ready' : 'foreign';
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
  sums: { readonly cache: number; readonly evictable: number; readonly notVisible: number },
  settings: RootfsSettings,
  base: string,
  ports: RootfsPorts,
): RootfsFileSystem {
  const state = statfsOf(base, ports);
  return {
    used_percent: usedPercent(state, settings.usageFormula),
    high: settings.high,
    low: settings.low,
    total_bytes: Number(state.blocks * state.bsize),
    free_bytes: Number(state.bavail * state.bsize),
    cache_bytes: sums.cache,
    evictable_bytes: sums.evictable,
    not_visible: sums.notVisible,
    last_gc: readLastGc(userLayout(base, ports.uid)),
  };
}
