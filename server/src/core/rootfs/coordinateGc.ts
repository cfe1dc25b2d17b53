// A collection over all users by root. Root itself only lists the base; each user's directory is read with that user's rights
// and changed by a child process that has given up all others. Source: rootfs contract, sections 2.4.7 and 2.5.
import fs from 'node:fs';
import { join } from 'node:path';
import type { RootfsGcPlan, RootfsGcResult, RootfsVictim } from '../../model/rootfs.ts';
import { plainEnvironment } from '../plainEnvironment.ts';
import { applyVictims, emptyTally, gcResult, isBelowLow, type GcTally } from './applyGc.ts';
import { checkBase, checkUserDirectories } from './checkDirectories.ts';
import { outcomeOf } from './collectGarbage.ts';
import { handOver } from './handOver.ts';
import { recordLastGc } from './lastGc.ts';
import { PROPOSAL_GC_LOCK, userLayout, type UserLayout } from './layout.ts';
import { takeLock } from './lockFiles.ts';
import { planGc, type GcRequest } from './planGc.ts';
import type { RootfsPorts, SelfCommand } from './rootfsPorts.ts';
import { renewRecordIndex } from './recordIndex.ts';
import { scanBase } from './scanRootfs.ts';
import type { RootfsSettings } from './settings.ts';
import { sweepScratch } from './sweepScratch.ts';

/** What a child does for one user. */
export interface UserTask {
  readonly base: string;
  readonly uid: number;
  readonly gid: number;
  readonly settings: RootfsSettings;
  /** Absent: sweep only. */
  readonly plan?: RootfsGcPlan;
}

export interface UserTaskResult {
  readonly busy: boolean;
  readonly tally: GcTally;
  readonly left: readonly { name: string; message: string }[];
}

export interface CoordinateOptions {
  readonly self: SelfCommand;
  readonly plan?: RootfsGcPlan;
  readonly signal?: AbortSignal;
}

/** Collects among all users, in one order. Only for root. Throws as planGc. */
export async function coordinateGc(
  request: GcRequest,
  options: CoordinateOptions,
  ports: RootfsPorts,
): Promise<RootfsGcResult> {
  const { base, settings } = request;
  checkBase(base, settings.allowNetworkFs, ports);
  const lock = await takeLock(
    { path: join(base, PROPOSAL_GC_LOCK), mode: 'exclusive', wait: 0, create: true },
    ports,
  );
  if (typeof lock === 'string')
    return gcResult(await planGc({ ...request, uids: [] }, ports), emptyTally(), 'busy');
  try {
    const left = await sweepAll(request, options, ports);
    const plan = options.plan ?? (await planGc(request, ports, options.signal));
    const tally = emptyTally();
    await applyAll(plan, request, options, tally, ports);
    const result = gcResult(plan, tally, outcomeOf(plan, tally, request, ports), left);
    const own = userLayout(base, ports.uid, settings.allowNetworkFs ? ports.host : undefined);
    if (fs.existsSync(own.hidden)) recordLastGc(own, result, request.trigger, ports);
    return result;
  } finally {
    lock.release();
  }
}

async function sweepAll(
  request: GcRequest,
  options: CoordinateOptions,
  ports: RootfsPorts,
): Promise<string[]> {
  const { base, settings } = request;
  const host = settings.allowNetworkFs ? ports.host : undefined;
  const littered = new Set<number>();
  const scan = scanBase({ base, host, scratchOnly: true }, (step) => {
    if (step.kind === 'build' || step.kind === 'trash') littered.add(step.layout.uid);
  });
  while (!scan.next().done);
  const warnings: string[] = [];
  for (const uid of littered) {
    const { left } = await forUser(uid, undefined, request, options, ports);
    warnings.push(...left.map(({ name, message }) => `${name} is left: ${message}`));
  }
  return warnings;
}

/** Entries go in the order of the plan; neighbours that belong to one user go in one child. */
async function applyAll(
  plan: RootfsGcPlan,
  request: GcRequest,
  options: CoordinateOptions,
  tally: GcTally,
  ports: RootfsPorts,
): Promise<void> {
  for (const run of runsOf(plan.would_evict)) {
    options.signal?.throwIfAborted();
    const uid = run[0]?.uid;
    if (uid === undefined || tally.stoppedBy) continue;
    const rest = { ...plan, would_evict: run, cache_bytes: plan.cache_bytes - tally.bytesFreed };
    const done = await forUser(uid, rest, request, options, ports);
    if (done.busy) tally.skipped.push(...run.map(({ name }) => ({ name, why: 'busy' })));
    addTo(tally, done.tally);
    const goOn =
      request.settings.maxAge > 0 ||
      !isBelowLow(plan.base, { plan, settings: request.settings }, tally, ports);
    if (!goOn) break;
  }
}

function runsOf(victims: readonly RootfsVictim[]): RootfsVictim[][] {
  const runs: RootfsVictim[][] = [];
  for (const victim of victims) {
    const last = runs.at(-1);
    if (last?.[0]?.uid === victim.uid) last.push(victim);
    else runs.push([victim]);
  }
  return runs;
}

function addTo(tally: GcTally, more: GcTally): void {
  tally.evicted.push(...more.evicted);
  tally.inUse.push(...more.inUse);
  tally.skipped.push(...more.skipped);
  tally.failed.push(...more.failed);
  tally.bytesFreed += more.bytesFreed;
  tally.stoppedBy ??= more.stoppedBy;
}

/** Works in one user's part: here for our own, else in a child that becomes that user before it looks at anything. */
async function forUser(
  uid: number,
  plan: RootfsGcPlan | undefined,
  { base, settings }: GcRequest,
  { self, signal }: CoordinateOptions,
  ports: RootfsPorts,
): Promise<UserTaskResult> {
  const owner = fs.lstatSync(join(base, String(uid)), { throwIfNoEntry: false });
  if (owner?.isDirectory() !== true || owner.uid !== uid)
    return failedTask(plan, 'E_OWNER', `${base}/${uid} does not belong to ${uid}`);
  const task: UserTask = {
    base,
    uid,
    gid: owner.gid === 0 ? uid : owner.gid,
    settings,
    ...(plan ? { plan } : {}),
  };
  if (uid === ports.uid) return await runUserTask(task, ports);
  const fd = handOver(JSON.stringify(task));
  try {
    const result = await ports.run({
      command: self.command,
      args: [...self.args, 'rootfs', 'as-user'],
      env: { ...plainEnvironment(ports.env), HOME: '/' },
      descriptors: [fd],
      ...(signal ? { signal } : {}),
    });
    if (result.exitCode === 0) return JSON.parse(result.stdout) as UserTaskResult;
    return failedTask(
      plan,
      'E_IO',
      result.stderr.trim() || `the helper for ${uid} ended with ${result.exitCode ?? '?'}`,
    );
  } finally {
    fs.closeSync(fd);
  }
}

function failedTask(plan: RootfsGcPlan | undefined, code: string, message: string): UserTaskResult {
  const tally = emptyTally();
  for (const { name } of plan?.would_evict ?? []) tally.failed.push({ name, code, message });
  return { busy: false, tally, left: plan ? [] : [{ name: 'scratch', message }] };
}

/** The child's side: works on this process's own uid, under that user's collection lock. */
export async function runUserTask(task: UserTask, ports: RootfsPorts): Promise<UserTaskResult> {
  const { base, settings, plan } = task;
  const tally = emptyTally();
  const layout: UserLayout = userLayout(base, task.uid, settings.allowNetworkFs ? ports.host : undefined);
  if (!checkUserDirectories(layout)) return { busy: false, tally, left: [] };
  const lock = await takeLock({ path: layout.gcLock, mode: 'exclusive', wait: 0, create: true }, ports);
  if (typeof lock === 'string') return { busy: true, tally, left: [] };
  try {
    if (!plan) return { busy: false, tally, left: await sweepScratch(layout, ports) };
    await applyVictims(plan.would_evict, layout, { plan, settings }, tally, ports);
    await renewRecordIndex(layout);
    return { busy: false, tally, left: [] };
  } finally {
    lock.release();
  }
}

/** Gives up every right but those of one user, for good. Throws when anything of root is left. */
export function becomeUser(uid: number, gid: number): void {
  if (process.getuid?.() === uid) return;
  process.setgroups?.([]);
  process.setgid?.(gid);
  process.setuid?.(uid);
  if (process.getuid?.() !== uid || process.geteuid?.() !== uid) throw new Error(`still not user ${uid}`);
  if (uid !== 0 && canBecomeRoot()) throw new Error('the rights of root could be taken back');
}

function canBecomeRoot(): boolean {
  try {
    process.setuid?.(0);
    return true;
  } catch {
    return false;
  }
}
