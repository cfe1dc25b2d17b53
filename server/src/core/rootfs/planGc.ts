// What a collection would do, as a value: measured, selected, and looked at for users, without a lock and without a write.
// The same value is shown, confirmed and applied. Source: rootfs contract, section 2.7 steps 1, 2, 5, 6.
import fs from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { RootfsGcPlan, RootfsGcReason, RootfsKept, RootfsVictim } from '../../model/rootfs.ts';
import { checkBase, statfsOf } from './checkDirectories.ts';
import { lastStartNs } from './entryOnDisk.ts';
import { lockPath, PROPOSAL_LOCK, type UserLayout } from './layout.ts';
import { readLockHolders, type LockHolders } from './lockHolders.ts';
import { readMountUsers } from './mounts.ts';
import { isPinned } from './pins.ts';
import type { RootfsPorts } from './rootfsPorts.ts';
import { asOwnerOf, scanBase, type ScannedItem, type ScanRequest } from './scanRootfs.ts';
import { lastUsedNs, selectVictims, type Candidate, type Selection } from './selectVictims.ts';
import type { RootfsSettings } from './settings.ts';
import { measureTreeAtOnce } from './treeOnDisk.ts';
import { measureExcess, NOTHING_INCOMING, type Excess, type Incoming } from './watermark.ts';

export interface GcRequest {
  /** With a base. */
  readonly settings: RootfsSettings;
  readonly base: string;
  /** Users to look at; undefined: all that may be seen. */
  readonly uids?: readonly number[];
  readonly incoming?: Incoming;
  readonly exclude?: readonly string[];
  /** Who asked, for the record of the last run. */
  readonly trigger?: string;
}

const SLICE_MS = 15;
const SECOND = 1_000_000_000n;

/** Makes the plan. Throws E_BASE_UNSAFE, E_NETFS, E_STATFS. */
export async function planGc(
  request: GcRequest,
  ports: RootfsPorts,
  signal?: AbortSignal,
): Promise<RootfsGcPlan> {
  const { settings, base, incoming = NOTHING_INCOMING } = request;
  const warnings = checkBase(base, settings.allowNetworkFs, ports);
  const found = await scanFor({ ...scanRequestOf(request, ports) }, signal);
  const cacheBytes = found.items.reduce((sum, { metadata }) => sum + (metadata?.bytes ?? 0), 0);
  const excess = measureExcess(statfsOf(base, ports), cacheBytes, settings, incoming);
  const wanted = excess.length > 0 || settings.maxAge > 0;
  const selection = wanted
    ? await select(found.items, excess, request, ports, signal)
    : {
        ...selectVictims([], [], rulesOf(request, ports)),
        items: new Map<Candidate, ScannedItem>(),
        used: [],
      };
  const free = selection.victims.map((victim) => toVictim(victim, selection.items.get(victim)));
  return {
    schema_version: 1,
    created_at: Number(ports.nowNs() / SECOND),
    base,
    reason: planReason(selection.reason),
    would_evict: free,
    in_use: selection.used.map(([victim, item]) => toVictim(victim, item)),
    skipped: [...found.problems, ...selection.kept.filter(({ why }) => why !== 'not-needed').map(toKept)],
    bytes: free.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0),
    exceeded: excess.map(({ dimension }) => dimension),
    need_bytes: Number(
      excess.reduce((most, { dimension, need }) => (dimension !== 'inodes' && need > most ? need : most), 0n),
    ),
    incoming: { bytes: incoming.bytes, inodes: incoming.inodes },
    cache_bytes: cacheBytes,
    bytes_freed: 0,
    not_visible: found.notVisible,
    warnings,
  };
}

/** Which users a collection looks at: root at all, others at their own. */
export function scanRequestOf({ base, uids, settings }: GcRequest, ports: RootfsPorts): ScanRequest {
  const host = settings.allowNetworkFs ? ports.host : undefined;
  return { base, host, ...(uids ? { uids } : {}) };
}

function planReason(reason: Selection['reason']): RootfsGcReason {
  return reason === 'planned' ? 'below-low' : reason;
}

function toKept({ candidate, why }: Selection['kept'][number]): RootfsKept {
  return { name: candidate.name, why };
}

/** Everything that can be seen, with a rest for other work every few milliseconds. */
export async function scanFor(
  request: ScanRequest,
  signal?: AbortSignal,
): Promise<{ items: ScannedItem[]; problems: RootfsKept[]; notVisible: number }> {
  const items: ScannedItem[] = [];
  const problems: RootfsKept[] = [];
  let notVisible = 0;
  let rest = Date.now() + SLICE_MS;
  for (const step of scanBase(request)) {
    if (step?.kind === 'notVisible') notVisible++;
    else if (step?.kind === 'entry') {
      if (step.problem === undefined) items.push(step);
      else problems.push({ name: step.name, why: `invalid: ${step.problem}` });
    }
    if (Date.now() < rest) continue;
    signal?.throwIfAborted();
    await setImmediate();
    rest = Date.now() + SLICE_MS;
  }
  return { items, problems, notVisible };
}

type SelectionOfItems = Selection & {
  readonly items: ReadonlyMap<Candidate, ScannedItem>;
  readonly used: readonly (readonly [Candidate, ScannedItem])[];
};

/**
 * Selects, looks closer at what was selected, and selects again until nothing new is found: entries started since their
 * time stamp get a second chance with that later time, unknown sizes are measured, entries in use are left out.
 */
async function select(
  items: readonly ScannedItem[],
  excess: readonly Excess[],
  request: GcRequest,
  ports: RootfsPorts,
  signal?: AbortSignal,
): Promise<SelectionOfItems> {
  const rules = rulesOf(request, ports);
  const byCandidate = new Map<Candidate, ScannedItem>();
  const pins = new Set(request.settings.pinned);
  for (const item of items) byCandidate.set(toCandidate(item, pins), item);
  const looked = new Set<Candidate>();
  const used: [Candidate, ScannedItem][] = [];
  const isUsed = userFinder(request.base);
  for (;;) {
    const selection = selectVictims([...byCandidate.keys()], excess, rules);
    const fresh = selection.victims.filter((victim) => !looked.has(victim));
    if (fresh.length === 0) return { ...selection, items: byCandidate, used };
    // One change of rights for each user, not for each entry: it costs more than the look itself.
    for (const [layout, group] of byOwner(fresh, byCandidate)) {
      signal?.throwIfAborted();
      asOwnerOf(layout, () => {
        for (const [victim, item] of group) {
          looked.add(victim);
          const inUse = isUsed(item);
          const better = inUse ? undefined : lookCloser(victim, item, rules.nowNs);
          if (inUse) used.push([victim, item]);
          if (inUse || better) byCandidate.delete(victim);
          if (better) {
            looked.add(better);
            byCandidate.set(better, item);
          }
        }
      });
    }
    await setImmediate();
  }
}

function byOwner(
  victims: readonly Candidate[],
  items: ReadonlyMap<Candidate, ScannedItem>,
): Map<UserLayout, [Candidate, ScannedItem][]> {
  const groups = new Map<UserLayout, [Candidate, ScannedItem][]>();
  for (const victim of victims) {
    const item = items.get(victim);
    if (!item) continue;
    const group = groups.get(item.layout);
    if (group) group.push([victim, item]);
    else groups.set(item.layout, [[victim, item]]);
  }
  return groups;
}

/** A candidate with a later use or a size that was not known; undefined: nothing new. */
function lookCloser(victim: Candidate, item: ScannedItem, nowNs: bigint): Candidate | undefined {
  return asOwnerOf(item.layout, () => {
    const started = lastStartNs(item.path);
    const later = started !== undefined && started > lastUsedNs(victim, nowNs) && started <= nowNs;
    const size = victim.bytes === null ? measureTreeAtOnce(item.path) : undefined;
    if (!later && !size) return undefined;
    return {
      ...victim,
      ...(later ? { mtimeNs: started } : {}),
      ...(size ? { bytes: size.bytes, inodes: size.inodes } : {}),
    };
  });
}

/** Asks /proc once, when the first entry is about to go. */
function userFinder(base: string): (item: ScannedItem) => boolean {
  let holders: LockHolders | undefined;
  let mounts: ((path: string) => number[]) | undefined;
  return (item) => {
    holders ??= readLockHolders(base);
    mounts ??= readMountUsers();
    return isHeld(item, holders) || mounts(item.path).length > 0;
  };
}

function rulesOf({ settings, exclude = [] }: GcRequest, ports: RootfsPorts) {
  const { minAge, foreignMinAge, maxAge, fairness, futile } = settings;
  return { nowNs: ports.nowNs(), minAge, foreignMinAge, maxAge, exclude: new Set(exclude), fairness, futile };
}

function toCandidate(item: ScannedItem, pins: ReadonlySet<string>): Candidate {
  const { metadata, name } = item;
  const pinned = item.pinned || isPinned(pins, name, metadata);
  return {
    uid: item.layout.uid,
    name,
    ino: item.ino,
    mtimeNs: item.mtimeNs,
    ctimeNs: item.ctimeNs,
    bytes: metadata?.bytes ?? null,
    inodes: metadata?.inodes ?? null,
    foreign: metadata === undefined,
    pinned,
  };
}

/** True while a lock on the entry is held, by whomever. Display only. */
export function isHeld({ layout, name, path, problem }: ScannedItem, holders: LockHolders): boolean {
  if (holders.none || problem !== undefined) return false;
  const locks = [lockPath(layout, name), `${path}/${PROPOSAL_LOCK}`];
  if (locks.some((lock) => holders.byPath(lock).length > 0)) return true;
  if (holders.seesAll) return false;
  return locks.some((lock) => {
    const stat = fs.lstatSync(lock, { throwIfNoEntry: false, bigint: true });
    return stat !== undefined && holders.isLocked(stat);
  });
}

function toVictim(victim: Candidate, item: ScannedItem | undefined): RootfsVictim {
  return {
    uid: victim.uid,
    name: victim.name,
    path: item?.path ?? '',
    image: item?.metadata?.image ?? null,
    ino: String(victim.ino),
    mtime_ns: String(item?.mtimeNs ?? victim.mtimeNs),
    used_ns: String(victim.mtimeNs),
    bytes: victim.bytes,
    inodes: victim.inodes,
    last_used: Number(victim.mtimeNs / SECOND),
  };
}
