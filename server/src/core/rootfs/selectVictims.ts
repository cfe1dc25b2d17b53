// Which entries go, and in which order: pure, with clock and thresholds as parameters. Least recently used first; never
// pinned, excluded or young ones; nothing at all when no eviction could help. Source: rootfs contract, section 2.7 steps 5, 6.
import type { Excess } from './watermark.ts';

/** One entry as a scan saw it. Times are milliseconds since the epoch. */
export interface Candidate {
  readonly uid: number;
  readonly name: string;
  /** Last use, bounded where the clock was wrong: see lastUsedMs. */
  readonly usedMs: number;
  readonly ctimeMs: number;
  /** Null: not known. */
  readonly bytes: number | null;
  readonly inodes: number | null;
  /** No valid metadata of ours: made by something else. */
  readonly foreign: boolean;
  readonly pinned: boolean;
}

export interface SelectionRules {
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** Seconds. */
  readonly minAge: number;
  readonly foreignMinAge: number;
  /** Seconds; 0: off. */
  readonly maxAge: number;
  readonly exclude: ReadonlySet<string>;
  readonly fairness: 'lru' | 'share';
  readonly futile: 'keep' | 'evict';
}

/** What may not go at all; the rest was merely not needed. */
export interface Kept {
  readonly candidate: Candidate;
  readonly why: 'pinned' | 'excluded' | 'young';
}

export interface Selection {
  readonly victims: readonly Candidate[];
  readonly kept: readonly Kept[];
  /** below-high: nothing exceeded; futile: no eviction could help; partial: the low mark cannot be reached. */
  readonly reason: 'below-high' | 'planned' | 'futile' | 'partial';
  /** Bytes that could be evicted at all. */
  readonly evictableBytes: bigint;
}

const FUTURE_MS = 300_000;

/** When an entry was last used. A time stamp in the future must not pin it: then the change time bounds it. */
export function lastUsedMs(
  { mtimeMs, ctimeMs }: { mtimeMs: number; ctimeMs: number },
  nowMs: number,
): number {
  return mtimeMs <= nowMs + FUTURE_MS ? mtimeMs : Math.min(mtimeMs, ctimeMs);
}

/** Least recently used first, then the bigger one, then by name. */
export function compareByUse(a: Candidate, b: Candidate): number {
  return (
    a.usedMs - b.usedMs || (b.bytes ?? 0) - (a.bytes ?? 0) || (a.name < b.name ? -1 : Number(a.name > b.name))
  );
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
  const least = candidate.foreign ? rules.foreignMinAge : rules.minAge;
  return rules.nowMs - newestMs(candidate) < least * 1000 ? 'young' : undefined;
}

/** A foreign entry counts as new while anything about it is: its builder may still be at work. */
function newestMs({ foreign, ctimeMs, usedMs }: Candidate): number {
  return foreign ? Math.max(ctimeMs, usedMs) : usedMs;
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
    const tooOld = rules.maxAge > 0 && rules.nowMs - candidate.usedMs > rules.maxAge * 1000;
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
  const order = evictable.toSorted(compareByUse);
  return rules.fairness === 'share' ? sharedOrder(order, wanted) : order;
}

/** Users above an equal share of what may stay lose first; the rest in plain LRU order. */
function sharedOrder(order: readonly Candidate[], wanted: readonly Excess[]): readonly Candidate[] {
  const held = new Map<number, number>();
  for (const { uid, bytes } of order) held.set(uid, (held.get(uid) ?? 0) + (bytes ?? 0));
  const target = Number(sumOf(order, 'bytes') - greatest(wanted));
  const share = Math.max(target, 0) / Math.max(held.size, 1);
  const first: Candidate[] = [];
  const rest: Candidate[] = [];
  for (const candidate of order) {
    const left = held.get(candidate.uid) ?? 0;
    (left > share ? first : rest).push(candidate);
    if (left > share) held.set(candidate.uid, left - (candidate.bytes ?? 0));
  }
  return [...first, ...rest];
}

function greatest(excess: readonly Excess[]): bigint {
  return excess.reduce((most, { need }) => (need > most ? need : most), 0n);
}

function sumOf(candidates: readonly Candidate[], key: 'bytes' | 'inodes'): bigint {
  return BigInt(candidates.reduce((sum, candidate) => sum + (candidate[key] ?? 0), 0));
}
