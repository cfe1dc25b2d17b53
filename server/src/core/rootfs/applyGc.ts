// Carries out a plan for one user's entries, least recently used first, measuring again before each so that it stops below
// the low marks; and stops when deleting frees nothing. Source: rootfs contract, section 2.7 steps 7 to 9.
import type { RootfsGcPlan, RootfsGcReason, RootfsGcResult, RootfsVictim } from '../../model/rootfs.ts';
import { RootfsFailure } from '../../model/rootfs.ts';
import { statfsOf } from './checkDirectories.ts';
import { evictEntry, type Eviction } from './evictEntry.ts';
import type { UserLayout } from './layout.ts';
import type { RootfsPorts } from './rootfsPorts.ts';
import type { RootfsSettings } from './settings.ts';
import { remainingExcess, type Dimension, type FileSystemUsage } from './watermark.ts';

export type Progress = (done: number, total: number, victim: RootfsVictim) => void;

/** What a run has done so far; grows while a plan is applied, also across users. */
export interface GcTally {
  readonly evicted: RootfsVictim[];
  readonly inUse: RootfsVictim[];
  readonly skipped: { name: string; why: string }[];
  readonly failed: { name: string; code: string; message: string }[];
  bytesFreed: number;
  stoppedBy: RootfsGcReason | undefined;
}

export function emptyTally(): GcTally {
  return { evicted: [], inUse: [], skipped: [], failed: [], bytesFreed: 0, stoppedBy: undefined };
}

/** Not-reclaiming: this much more than needed was deleted … */
const DELETED_SHARE = 1.5;
/** … and less than this share of it came back. */
const RETURNED_SHARE = 0.25;
const SECOND = 1_000_000_000n;

export interface ApplyRequest {
  readonly plan: RootfsGcPlan;
  readonly settings: RootfsSettings;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: Progress | undefined;
}

/** Applies the part of the plan that belongs to this layout's user. The caller holds the collection lock. */
export async function applyVictims(
  victims: readonly RootfsVictim[],
  layout: UserLayout,
  request: ApplyRequest,
  tally: GcTally,
  ports: RootfsPorts,
): Promise<void> {
  const before = statfsOf(layout.base, ports);
  for (const victim of victims) {
    request.signal?.throwIfAborted();
    if (tally.stoppedBy) return;
    if (isDone(victim, layout.base, request, tally, ports)) {
      tally.skipped.push({ name: victim.name, why: 'not-needed' });
      continue;
    }
    request.onProgress?.(tally.evicted.length, request.plan.would_evict.length, victim);
    await tryEvict(victim, layout, tally, ports);
    if (isNotReclaiming(before, statfsOf(layout.base, ports), request.plan, tally))
      tally.stoppedBy = 'not-reclaiming';
  }
}

async function tryEvict(
  victim: RootfsVictim,
  layout: UserLayout,
  tally: GcTally,
  ports: RootfsPorts,
): Promise<void> {
  try {
    note(await evictEntry(victim, layout, ports), victim, tally);
  } catch (error) {
    if (!(error instanceof RootfsFailure) && !(error instanceof Error && 'code' in error)) throw error;
    const code = error instanceof RootfsFailure ? error.rootfsCode : 'E_IO';
    tally.failed.push({ name: victim.name, code, message: error.message });
  }
}

function note(eviction: Eviction, victim: RootfsVictim, tally: GcTally): void {
  switch (eviction.kind) {
    case 'evicted':
      tally.evicted.push(victim);
      tally.bytesFreed += victim.bytes ?? 0;
      break;
    case 'left-over':
      tally.evicted.push(victim);
      tally.failed.push({ name: victim.name, code: 'E_IO', message: `left in trash: ${eviction.problem}` });
      break;
    case 'in-use':
      tally.inUse.push(victim);
      break;
    case 'invalid':
      tally.skipped.push({ name: victim.name, why: `invalid: ${eviction.problem}` });
      break;
    default:
      tally.skipped.push({ name: victim.name, why: eviction.kind });
  }
}

/** True when every limit that was exceeded is below its low mark, unless this entry is due by age alone. */
function isDone(
  victim: RootfsVictim,
  base: string,
  request: ApplyRequest,
  tally: GcTally,
  ports: RootfsPorts,
): boolean {
  const { maxAge } = request.settings;
  const due = maxAge > 0 && ports.nowNs() - BigInt(victim.used_ns) > BigInt(Math.round(maxAge)) * SECOND;
  return !due && request.plan.exceeded.length > 0 && isBelowLow(base, request, tally, ports);
}

/** True when every limit that the plan found exceeded is below its low mark now. */
export function isBelowLow(
  base: string,
  { plan, settings }: ApplyRequest,
  tally: GcTally,
  ports: RootfsPorts,
): boolean {
  const left = plan.cache_bytes - tally.bytesFreed;
  const dimensions = plan.exceeded as Dimension[];
  return remainingExcess(dimensions, statfsOf(base, ports), left, settings, plan.incoming).length === 0;
}

function isNotReclaiming(
  before: FileSystemUsage,
  after: FileSystemUsage,
  plan: RootfsGcPlan,
  tally: GcTally,
): boolean {
  if (!plan.exceeded.some((dimension) => dimension === 'usage' || dimension === 'free')) return false;
  const returned = Number((after.bavail - before.bavail) * after.bsize);
  return tally.bytesFreed >= DELETED_SHARE * plan.need_bytes && returned < RETURNED_SHARE * tally.bytesFreed;
}

/** The report of a run. */
export function gcResult(
  plan: RootfsGcPlan,
  tally: GcTally,
  reason: RootfsGcReason,
  warnings: readonly string[] = [],
): RootfsGcResult {
  return {
    schema_version: 1,
    base: plan.base,
    reason,
    evicted: tally.evicted,
    in_use: [...plan.in_use, ...tally.inUse],
    skipped: [...plan.skipped, ...tally.skipped],
    failed: tally.failed,
    bytes_freed: tally.bytesFreed,
    not_visible: plan.not_visible,
    warnings: [...plan.warnings, ...warnings],
  };
}
