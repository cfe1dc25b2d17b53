// Which entries go, and in which order: pure, with clock and thresholds as parameters. Least recently used first; never
// pinned, excluded or young ones; nothing at all when no eviction could help. Source: rootfs contract, section 2.7 steps 5, 6.
import type { Excess } from './watermark.ts';

/** One entry as a scan saw it. Times are nanoseconds since the epoch. */
export interface Candidate {
  readonly uid: number;
  readonly name: string;
  readonly ino: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  /** Time stamp of enroot's own lock file in the tree; later than mtime: started since. */
  readonly startedNs?: bigint | undefined;
  /** Null: not known. */
  readonly bytes: number | null;
  readonly inodes: number | null;
  /** No valid metadata of ours: made by something else. */
  readonly foreign: boolean;
  readonly pinned: boolean;
}

export interface SelectionRules {
  readonly nowNs: bigint;
  /** Seconds. */
  readonly minAge: number;
  readonly foreignMinAge: number;
  /** Seconds; 0: off. */
  readonly maxAge: number;
  readonly exclude: ReadonlySet<string>;
  readonly fairness: 'lru' | 'share';
  readonly futile: 'keep' | 'evict';
}

export interface Kept {
  readonly candidate: Candidate;
  readonly why: 'pinned' | 'excluded' | 'young' | 'size-unknown' | 'not-needed';
}

export interface Selection {
  readonly victims: readonly Candidate[];
  readonly kept: readonly Kept[];
  /** below-high: nothing exceeded; futile: no eviction could help; partial: the low mark cannot be reached. */
  readonly reason: 'below-high' | 'planned' | 'futile' | 'partial';
  /** Bytes that could be evicted at all. */
  readonly evictableBytes: bigint;
}

const FUTURE_NS = 300n * 1_000_000_000n;

/** When an entry was last used. A time stamp in the future must not pin it: then the change time bounds it. */
export function lastUsedNs(candidate: Pick<Candidate, 'mtimeNs' | 'ctimeNs'>, nowNs: bigint): bigint {
  if (candidate.mtimeNs <= nowNs + FUTURE_NS) return candidate.mtimeNs;
  return candidate.ctimeNs < candidate.mtimeNs ? candidate.ctimeNs : candidate.mtimeNs;
}

/** Least recently used first, then the bigger one, then by name. */
export function compareByUse(nowNs: bigint): (a: Candidate, b: Candidate) => number {
  return (a, b) =>
    compare(lastUsedNs(a, nowNs), lastUsedNs(b, nowNs)) ||
    (b.bytes ?? 0) - (a.bytes ?? 0) ||
    compare(a.name, b.name);
}

/** Chooses the shortest prefix in LRU order that takes every exceeded limit below its low mark. */
export function selectVictims(
  candidates: readonly Candidate[],
  excess: readonly Excess[],
  rules: SelectionRules,
): Selection {
  const kept: Kept[] = [];
  const evictable = candidates.filter((candidate) => {
    const why = protectedBy(candidate, rules);
    if (why) kept.push({ candidate, why });
    return !why;
  });
  const evictableBytes = sumOf(evictable, 'bytes');
  const wanted = achievable(excess, evictable, rules);
  const { victims, missing } = takeUntil(orderVictims(evictable, wanted, rules), wanted, rules);
  const chosen = new Set(victims);
  for (const candidate of evictable) {
    if (!chosen.has(candidate)) kept.push({ candidate, why: 'not-needed' });
  }
  return { victims, kept, evictableBytes, reason: reasonOf(excess, wanted, victims.length, missing) };
}

function reasonOf(
  excess: readonly Excess[],
  wanted: readonly Excess[],
  victims: number,
  missing: boolean,
): Selection['reason'] {
  if (excess.length === 0) return victims > 0 ? 'planned' : 'below-high';
  if (wanted.length === 0) return 'futile';
  return missing || wanted.length < excess.length ? 'partial' : 'planned';
}

function protectedBy(candidate: Candidate, rules: SelectionRules): Kept['why'] | undefined {
  if (candidate.pinned) return 'pinned';
  if (rules.exclude.has(candidate.name)) return 'excluded';
  const age = rules.nowNs - newestNs(candidate, rules.nowNs);
  const least = candidate.foreign ? rules.foreignMinAge : rules.minAge;
  if (age < seconds(least)) return 'young';
  return undefined;
}

/** A foreign entry counts as new while anything about it is: its builder may still be at work. */
function newestNs(candidate: Candidate, nowNs: bigint): bigint {
  const used = lastUsedNs(candidate, nowNs);
  return candidate.foreign && candidate.ctimeNs > used ? candidate.ctimeNs : used;
}

/** Limits that evicting everything evictable would at least bring back under the high mark. */
function achievable(
  excess: readonly Excess[],
  evictable: readonly Candidate[],
  rules: SelectionRules,
): readonly Excess[] {
  if (rules.futile === 'evict') return excess;
  const bytes = sumOf(evictable, 'bytes');
  const inodes = sumOf(evictable, 'inodes');
  return excess.filter(({ dimension, floor }) => (dimension === 'inodes' ? inodes : bytes) >= floor);
}

function takeUntil(
  order: readonly Candidate[],
  wanted: readonly Excess[],
  rules: SelectionRules,
): { victims: Candidate[]; missing: boolean } {
  let bytes = greatest(wanted.filter(({ dimension }) => dimension !== 'inodes'));
  let inodes = greatest(wanted.filter(({ dimension }) => dimension === 'inodes'));
  const victims: Candidate[] = [];
  for (const candidate of order) {
    const tooOld =
      rules.maxAge > 0 && rules.nowNs - lastUsedNs(candidate, rules.nowNs) > seconds(rules.maxAge);
    if (bytes <= 0n && inodes <= 0n && !tooOld) continue;
    victims.push(candidate);
    bytes -= BigInt(candidate.bytes ?? 0);
    inodes -= BigInt(candidate.inodes ?? 0);
  }
  return { victims, missing: bytes > 0n || inodes > 0n };
}

function orderVictims(
  evictable: readonly Candidate[],
  wanted: readonly Excess[],
  rules: SelectionRules,
): readonly Candidate[] {
  const order = evictable.toSorted(compareByUse(rules.nowNs));
  return rules.fairness === 'share' ? sharedOrder(order, wanted) : order;
}

/** Users above an equal share of what may stay lose first; the rest in plain LRU order. */
function sharedOrder(order: readonly Candidate[], wanted: readonly Excess[]): readonly Candidate[] {
  const held = new Map<number, bigint>();
  for (const { uid, bytes } of order) held.set(uid, (held.get(uid) ?? 0n) + BigInt(bytes ?? 0));
  const target = sumOf(order, 'bytes') - greatest(wanted);
  const share = (target > 0n ? target : 0n) / BigInt(Math.max(held.size, 1));
  const first: Candidate[] = [];
  const rest: Candidate[] = [];
  for (const candidate of order) {
    const left = held.get(candidate.uid) ?? 0n;
    (left > share ? first : rest).push(candidate);
    if (left > share) held.set(candidate.uid, left - BigInt(candidate.bytes ?? 0));
  }
  return [...first, ...rest];
}

function greatest(excess: readonly Excess[]): bigint {
  return excess.reduce((most, { need }) => (need > most ? need : most), 0n);
}

function sumOf(candidates: readonly Candidate[], key: 'bytes' | 'inodes'): bigint {
  return candidates.reduce((sum, candidate) => sum + BigInt(candidate[key] ?? 0), 0n);
}

function seconds(value: number): bigint {
  return BigInt(Math.round(value * 1000)) * 1_000_000n;
}

function compare<T extends bigint | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
