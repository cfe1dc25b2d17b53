// Answers on whole caches without blocking the thread that asks: a worker reads, its answer comes in pieces.
import { MessageChannel } from 'node:worker_threads';
import type { Why } from '../model/cache.ts';
import { OperationFailure, type FailureCode, type FailureData } from '../model/failure.ts';
import { takesLong } from './historyCost.ts';
import { explainMisses, type PlanMisses } from './inspectHistory.ts';
import { inspectWithSizes, type SizedInspection } from './inspectSizes.ts';
import type { CachePlan } from '../model/plan.ts';
import type { PackedEntries, PackedState } from './packed/packedState.ts';
import { packList } from './packed/packList.ts';
import { packState } from './packed/packState.ts';
import type { Ports } from './ports.ts';
import { type PackedPlan, planPrune } from './prune/planPrune.ts';
import { packReports } from './prune/reports.ts';
import type { RootfsTasks } from './rootfs/rootfsTask.ts';
import type { AskedPlan, StateFailure, StateMessage, StateTasks } from './stateWorker.ts';
import { verifyCache, type VerifyResult } from './verify.ts';
import { startWorker } from './worker.ts';

/** The state of a cache, read in a worker. Throws the signal's reason when cancelled. */
export async function packInBackground(cacheDir: string, signal?: AbortSignal): Promise<PackedState> {
  const answer = await ask('state', { cacheDir }, signal);
  if (answer) return { ...answer.rest, pieces: answer.pieces };
  const pieces: PackedEntries[] = [];
  return { ...packState(cacheDir, (piece) => void pieces.push(piece)), pieces };
}

/**
 * Plans in a worker, which reads each cache once for all of them; their entries as text. One result each, in order, rejected as
 * planPrune throws. Throws the signal's reason when cancelled.
 */
export async function planPrunesInBackground(
  asked: readonly AskedPlan[],
  now: number,
  signal?: AbortSignal,
): Promise<PromiseSettledResult<PackedPlan>[]> {
  const answer = await ask('prune-plan', { asked, now }, signal);
  if (!answer) return await Promise.allSettled(asked.map((one) => planHere(one, now)));
  const pieces = asked.map((): PackedEntries[] => []);
  for (const { plan, ...piece } of answer.pieces) pieces[plan]?.push(piece);
  return answer.rest.map((outcome, plan) =>
    'rest' in outcome
      ? { status: 'fulfilled', value: { rest: outcome.rest, pieces: pieces[plan] ?? [] } }
      : { status: 'rejected', reason: errorOf(outcome) },
  );
}

async function planHere({ request, env }: AskedPlan, now: number): Promise<PackedPlan> {
  const { entries, ...rest } = await planPrune(request, { now: () => now, env });
  return { rest, pieces: [...packList(entries)] };
}

/** readReports in a worker, as text. Throws the signal's reason when cancelled. */
export async function packReportsInBackground(
  cacheDir: string,
  signal?: AbortSignal,
): Promise<readonly PackedEntries[]> {
  const answer = await ask('prune-reports', { cacheDir }, signal);
  return answer?.pieces ?? [...packReports(cacheDir)];
}

/** verifyCache for some artifacts, in a worker. */
export async function verifyInBackground(
  cacheDir: string,
  paths: readonly string[],
  ports: Pick<Ports, 'files'>,
): Promise<VerifyResult> {
  const answer = await ask('verify', { cacheDir, paths });
  const wanted = new Set(paths);
  return answer?.rest ?? verifyCache(cacheDir, ports, (path) => wanted.has(path));
}

/** inspectWithSizes in a worker. Throws the signal's reason when cancelled. */
export async function inspectInBackground(
  plan: CachePlan,
  ports: Pick<Ports, 'now'>,
  signal?: AbortSignal,
): Promise<SizedInspection> {
  const answer = await ask('inspect', { plan, now: ports.now() }, signal);
  return answer?.rest ?? (await inspectWithSizes(plan, ports, signal ? { signal } : {}));
}

/** explainMisses, in a worker where much has to be read for it. Throws the signal's reason when cancelled. */
export async function explainInBackground(asked: PlanMisses, signal?: AbortSignal): Promise<Why[][]> {
  signal?.throwIfAborted();
  const answer = (await takesLong(asked)) ? await ask('history', { asked }, signal) : undefined;
  return answer?.rest ?? (await explainMisses(asked, signal));
}

type Tasks = StateTasks & RootfsTasks;

interface Answer<Name extends keyof Tasks> {
  readonly pieces: Tasks[Name]['piece'][];
  readonly rest: Tasks[Name]['rest'];
}

/** A worker's answer in pieces. Undefined when no worker could be started. Throws what it threw, and the signal's reason. */
export async function ask<Name extends keyof Tasks>(
  task: Name,
  data: Tasks[Name]['ask'],
  signal?: AbortSignal,
): Promise<Answer<Name> | undefined> {
  signal?.throwIfAborted();
  const { port1, port2 } = new MessageChannel();
  const worker = startWorker(task, { ...data, port: port2 }, [port2]);
  if (!worker) {
    port1.close();
    return undefined;
  }
  // A signal may outlive many questions: it keeps nothing of one that was answered.
  const answered = new AbortController();
  const whileAsked = { once: true, signal: answered.signal };
  signal?.addEventListener('abort', () => void worker.terminate(), whileAsked);
  try {
    return await new Promise<Answer<Name>>((resolve, reject) => {
      const pieces: Tasks[Name]['piece'][] = [];
      worker.on('error', reject);
      // Not the worker's exit: that may be told before its last messages, which the port hands over before it closes.
      port1.on('close', () => reject(new Error('the worker ended early')));
      signal?.addEventListener('abort', () => reject(signal.reason as Error), whileAsked);
      port1.on('message', (message: StateMessage) => {
        if ('piece' in message) pieces.push(message.piece as Tasks[Name]['piece']);
        else if ('rest' in message) resolve({ rest: message.rest as Tasks[Name]['rest'], pieces });
        else reject(errorOf(message));
      });
    });
  } finally {
    answered.abort();
    port1.close();
  }
}

function errorOf(message: StateFailure): Error {
  if ('error' in message) return new Error(message.error);
  return new OperationFailure(message.failure.code as FailureCode, message.failure.data as FailureData);
}
