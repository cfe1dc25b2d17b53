// What a collection would do, as a value: measured, selected, and looked at for users, without a lock and without a write.
// The same value is shown, confirmed and applied. Source: rootfs contract, section 2.7 steps 1, 2, 5, 6.
import fs from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { RootfsGcPlan, RootfsGcReason, RootfsKept, RootfsVictim } from '../../model/rootfs.ts';
import { checkBase, statfsOf } from './checkDirectories.ts';
import { lastStartNs, readMetadata } from './entryOnDisk.ts';
import { recordsTree } from './metadata.ts';
import { entryPath, lockPath, PROPOSAL_LOCK, userLayout, type UserLayout } from './layout.ts';
import { readLockHolders, type LockHolders } from './lockHolders.ts';
import { readMountUsers } from './mounts.ts';
import { lendRights } from './ownerRights.ts';
import type { RootfsPorts } from './rootfsPorts.ts';
import { candidateDigest, type Seen } from './candidateDigest.ts';
import { scanTogether } from './scanHelper.ts';
import type { ScanRequest } from './scanRootfs.ts';
import type { ScannedItem } from './scanUser.ts';
import { compareByUse, lastUsedMs, selectVictims, type Candidate, type Selection } from './selectVictims.ts';
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

const SECOND = 1_000_000_000n;

/** Makes the plan. Throws E_BASE_UNSAFE, E_NETFS, E_STATFS. */
export async function planGc(
  request: GcRequest,
  ports: RootfsPorts,
  signal?: AbortSignal,
): Promise<RootfsGcPlan> {
  const { settings, base, incoming = NOTHING_INCOMING } = request;
  const warnings = checkBase(base, settings.allowNetworkFs, ports);
  const found = await collectCandidates(request, ports, signal);
  const { cacheBytes } = found;
  const excess = measureExcess(statfsOf(base, ports), cacheBytes, settings, incoming);
  const wanted = excess.length > 0 || settings.maxAge > 0;
  const selection = await select(wanted ? found.pool : [], excess, request, ports, signal);
  const free = selection.victims.flatMap((victim) => selection.looked.get(victim) ?? []);
  return {
    schema_version: 1,
    created_at: Number(ports.nowNs() / SECOND),
    base,
    reason: planReason(selection.reason),
    would_evict: free,
    in_use: [...selection.used],
    skipped: [...found.problems, ...selection.kept.map(toKept)],
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
  return { base, host, pinned: settings.pinned, ...(uids ? { uids } : {}) };
}

function planReason(reason: Selection['reason']): RootfsGcReason {
  return reason === 'planned' ? 'below-low' : reason;
}

function toKept({ candidate, why }: Selection['kept'][number]): RootfsKept {
  return { name: candidate.name, why };
}

interface Candidates {
  readonly pool: Candidate[];
  readonly problems: RootfsKept[];
  notVisible: number;
  cacheBytes: number;
}

/** Everything that could go, as little of it as a choice needs. */
async function collectCandidates(
  request: GcRequest,
  ports: RootfsPorts,
  signal?: AbortSignal,
): Promise<Candidates> {
  const { nowMs } = rulesOf(request, ports);
  const scan = scanRequestOf(request, ports);
  const found: Candidates = { pool: [], problems: [], notVisible: 0, cacheBytes: 0 };
  const take = (seen: Seen) => {
    if (seen === 'notVisible') found.notVisible++;
    else if (seen !== undefined && 'why' in seen) found.problems.push(seen);
    else if (seen !== undefined) {
      found.pool.push(seen);
      if (!seen.foreign) found.cacheBytes += seen.bytes ?? 0;
    }
  };
  await scanTogether({ request: scan, nowMs }, candidateDigest(nowMs), take, ports, signal);
  return found;
}

interface SelectionOfItems extends Selection {
  /** What a closer look found of every victim. */
  readonly looked: ReadonlyMap<Candidate, RootfsVictim>;
  readonly used: readonly RootfsVictim[];
}

/**
 * Selects, looks closer at what was selected, and selects again until nothing new is found: entries started since their
 * time stamp get a second chance with that later time, unknown sizes are measured, entries in use are left out.
 */
async function select(
  candidates: readonly Candidate[],
  excess: readonly Excess[],
  request: GcRequest,
  ports: RootfsPorts,
  signal?: AbortSignal,
): Promise<SelectionOfItems> {
  const rules = rulesOf(request, ports);
  const { nowMs } = rules;
  const looked = new Map<Candidate, RootfsVictim>();
  const used: RootfsVictim[] = [];
  const isUsed = userFinder(request.base);
  const layoutOf = layoutFinder(request, ports);
  // In order once: each selection sorts again, which is next to nothing then.
  const pool = new Set(candidates.toSorted(compareByUse));
  for (;;) {
    const selection = selectVictims([...pool], excess, rules);
    const fresh = selection.victims.filter((victim) => !looked.has(victim));
    if (fresh.length === 0) return { ...selection, looked, used };
    // One change of rights for each user, not for each entry: it costs more than the look itself.
    for (const groups of portionsOf(byOwner(fresh, layoutOf))) {
      signal?.throwIfAborted();
      lendRights((asOwner) => {
        for (const [layout, group] of groups)
          asOwner(layout, () => {
            for (const victim of group) lookAt(layout, victim);
          });
      });
      await setImmediate();
    }
  }

  function lookAt(layout: UserLayout, victim: Candidate): void {
    pool.delete(victim);
    const seen = lookCloser(victim, layout, nowMs);
    if (!seen) return;
    if (isUsed({ layout, name: victim.name, path: seen.victim.path, problem: undefined })) {
      used.push(seen.victim);
      return;
    }
    pool.add(seen.candidate);
    looked.set(seen.candidate, seen.victim);
  }
}

/** The same object for the same user. */
function layoutFinder(request: GcRequest, ports: RootfsPorts): (uid: number) => UserLayout {
  const { base, host } = scanRequestOf(request, ports);
  const layouts = new Map<number, UserLayout>();
  return (uid) => {
    const layout = layouts.get(uid) ?? userLayout(base, uid, host);
    layouts.set(uid, layout);
    return layout;
  };
}

function byOwner(
  victims: readonly Candidate[],
  layoutOf: (uid: number) => UserLayout,
): ReadonlyMap<UserLayout, Candidate[]> {
  const groups = new Map<UserLayout, Candidate[]>();
  for (const victim of victims) {
    const layout = layoutOf(victim.uid);
    const group = groups.get(layout);
    if (group) group.push(victim);
    else groups.set(layout, [victim]);
  }
  return groups;
}

/** Looks at once before others may run. */
const PORTION = 300;

/** Groups in portions of about that many looks; a big group is cut. */
function* portionsOf(
  groups: ReadonlyMap<UserLayout, Candidate[]>,
): Generator<(readonly [UserLayout, readonly Candidate[]])[]> {
  let portion: (readonly [UserLayout, readonly Candidate[]])[] = [];
  let size = 0;
  for (const [layout, whole] of groups) {
    for (let start = 0; start < whole.length; start += PORTION) {
      const part = whole.slice(start, start + PORTION);
      portion.push([layout, part]);
      size += part.length;
      if (size < PORTION) continue;
      yield portion;
      portion = [];
      size = 0;
    }
  }
  if (portion.length > 0) yield portion;
}

/** The entry as it is now, with a later use or a size that was not known before; undefined: gone. */
function lookCloser(
  before: Candidate,
  layout: UserLayout,
  nowMs: number,
): { candidate: Candidate; victim: RootfsVictim } | undefined {
  const { uid, name } = before;
  const path = entryPath(layout, name);
  const stat = fs.lstatSync(path, { throwIfNoEntry: false, bigint: true });
  if (!stat?.isDirectory()) return undefined;
  const usedNs = usedNsOf(stat, lastStartNs(path), nowMs);
  const size = before.bytes === null ? measureTreeAtOnce(path) : before;
  // Asked anew: what goes is never decided by a copy of the records alone.
  const metadata = readMetadata(layout, name);
  const own = metadata !== undefined && recordsTree(metadata, stat, undefined);
  const image = own ? metadata.image : null;
  const { bytes, inodes } = size;
  const candidate = {
    ...before,
    bytes,
    inodes,
    foreign: !own,
    usedMs: Math.max(before.usedMs, Number(usedNs) / 1e6),
  };
  const victim = {
    ...{ uid, name, path, image, ino: String(stat.ino) },
    ...{ mtime_ns: String(stat.mtimeNs), used_ns: String(usedNs), bytes, inodes },
    last_used: Number(usedNs / SECOND),
  };
  return { candidate, victim };
}

/** The later of the directory's time stamp (as bounded by lastUsedMs) and of the last start. */
function usedNsOf(
  { mtimeNs, ctimeNs, mtimeMs, ctimeMs }: fs.BigIntStats,
  startedNs: bigint | undefined,
  nowMs: number,
): bigint {
  const times = { mtimeMs: Number(mtimeMs), ctimeMs: Number(ctimeMs) };
  const used = lastUsedMs(times, nowMs) === times.mtimeMs ? mtimeNs : ctimeNs;
  const isLater = startedNs !== undefined && startedNs > used && Number(startedNs) <= nowMs * 1e6;
  return isLater ? startedNs : used;
}

/** Asks /proc once, when the first entry is about to go. */
function userFinder(base: string): (item: Holdable) => boolean {
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
  const nowMs = Number(ports.nowNs() / 1_000_000n);
  return { nowMs, minAge, foreignMinAge, maxAge, exclude: new Set(exclude), fairness, futile };
}

type Holdable = Pick<ScannedItem, 'layout' | 'name' | 'path' | 'problem'>;

/** True while a lock on the entry is held, by whomever. Display only. */
export function isHeld({ layout, name, path, problem }: Holdable, holders: LockHolders): boolean {
  if (holders.none || problem !== undefined) return false;
  const locks = [lockPath(layout, name), `${path}/${PROPOSAL_LOCK}`];
  if (locks.some((lock) => holders.byPath(lock).length > 0)) return true;
  if (holders.seesAll) return false;
  return locks.some((lock) => {
    const stat = fs.lstatSync(lock, { throwIfNoEntry: false, bigint: true });
    return stat !== undefined && holders.isLocked(stat);
  });
}
