// One collection of one user's entries: lock, sweep, plan, apply, report. Two never run at once; a busy lock ends the second
// one at once, with that as its reason. Source: rootfs contract, section 2.7.
import type { RootfsGcPlan, RootfsGcReason, RootfsGcResult } from '../../model/rootfs.ts';
import { applyVictims, emptyTally, gcResult, isBelowLow, type GcTally, type Progress } from './applyGc.ts';
import { checkBase, checkUserDirectories } from './checkDirectories.ts';
import { recordLastGc } from './lastGc.ts';
import { userLayout, type UserLayout } from './layout.ts';
import { takeLock, type HeldLock } from './lockFiles.ts';
import { planGc, type GcRequest } from './planGc.ts';
import type { RootfsPorts } from './rootfsPorts.ts';
import { renewRecordIndex } from './recordIndex.ts';
import { sweepScratch } from './sweepScratch.ts';

export interface CollectOptions {
  /** Seconds to wait for another run; a build in need of room waits a little. */
  readonly wait?: number;
  /** A plan that was shown and confirmed; absent: one is made now. */
  readonly plan?: RootfsGcPlan;
  readonly signal?: AbortSignal;
  readonly onProgress?: Progress;
}

/** Rounds of planning again when something was touched between plan and eviction. */
const ROUNDS = 3;

/** Collects among this user's own entries. Throws as planGc. */
export async function collectGarbage(
  request: GcRequest,
  options: CollectOptions,
  ports: RootfsPorts,
): Promise<RootfsGcResult> {
  const { settings, base } = request;
  checkBase(base, settings.allowNetworkFs, ports);
  const layout = userLayout(base, ports.uid, settings.allowNetworkFs ? ports.host : undefined);
  if (!checkUserDirectories(layout))
    return gcResult(await emptyPlan(request, ports), emptyTally(), 'below-high');
  await ports.onStep?.('G3');
  const lock = await takeLock(
    { path: layout.gcLock, mode: 'exclusive', wait: options.wait ?? 0, create: true, signal: options.signal },
    ports,
  );
  if (typeof lock === 'string') return gcResult(await emptyPlan(request, ports), emptyTally(), 'busy');
  return await collectUnder(lock, layout, request, options, ports);
}

async function collectUnder(
  lock: HeldLock,
  layout: UserLayout,
  request: GcRequest,
  options: CollectOptions,
  ports: RootfsPorts,
): Promise<RootfsGcResult> {
  try {
    await ports.onStep?.('G4');
    const left = await sweepScratch(layout, ports);
    const tally = emptyTally();
    let plan = options.plan ?? (await planOwn(request, ports, options.signal));
    for (let round = 1; ; round++) {
      await ports.onStep?.('G5');
      const seen = tally.skipped.length + tally.inUse.length;
      const own = plan.would_evict.filter(({ uid }) => uid === layout.uid);
      await applyVictims(own, layout, { plan, settings: request.settings, ...options }, tally, ports);
      const surprised = tally.skipped.length + tally.inUse.length > seen;
      if (options.plan || !surprised || tally.stoppedBy || round >= ROUNDS) break;
      const next = await planOwn(request, ports, options.signal);
      if (next.would_evict.length === 0) break;
      plan = { ...next, exceeded: plan.exceeded, cache_bytes: next.cache_bytes + tally.bytesFreed };
    }
    const reason = outcomeOf(plan, tally, request, ports);
    const warnings = left.map(({ name, message }) => `${name} is left: ${message}`);
    const result = gcResult(plan, tally, reason, warnings);
    recordLastGc(layout, result, request.trigger, ports);
    await renewRecordIndex(layout);
    await ports.onStep?.('G9');
    return result;
  } finally {
    lock.release();
  }
}

function planOwn(request: GcRequest, ports: RootfsPorts, signal?: AbortSignal): Promise<RootfsGcPlan> {
  return planGc({ ...request, uids: [ports.uid] }, ports, signal);
}

/** Why a run ended: below the low marks, or the reason why not. */
export function outcomeOf(
  plan: RootfsGcPlan,
  tally: GcTally,
  { settings, base }: GcRequest,
  ports: RootfsPorts,
): RootfsGcReason {
  if (tally.stoppedBy) return tally.stoppedBy;
  if (plan.exceeded.length === 0) return tally.evicted.length > 0 ? 'below-low' : 'below-high';
  if (plan.reason === 'futile' && tally.evicted.length === 0) return 'futile';
  return isBelowLow(base, { plan, settings }, tally, ports) ? 'below-low' : 'partial';
}

async function emptyPlan(request: GcRequest, ports: RootfsPorts): Promise<RootfsGcPlan> {
  return await planGc({ ...request, uids: [] }, ports);
}
