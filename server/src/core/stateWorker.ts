// The worker's half of answers on whole caches: entries go back in pieces, so that the receiving thread is never blocked.
import type { MessagePort } from 'node:worker_threads';
import type { Why } from '../model/cache.ts';
import type { CachePlan } from '../model/plan.ts';
import { explainMisses, type PlanMisses } from './inspectHistory.ts';
import { inspectWithSizes, type SizedInspection } from './inspectSizes.ts';
import { packList } from './packed/packList.ts';
import { packState, type PackedRest } from './packed/packState.ts';
import type { PackedEntries } from './packed/packedState.ts';
import { nodeFiles } from './files.ts';
import { makePrunePlan, scanOnce, type PackedPlan, type PruneRequest } from './prune/planPrune.ts';
import { packReports } from './prune/reports.ts';
import { ownBytes } from './twoThreads.ts';
import { verifyCache, type VerifyResult } from './verify.ts';

/** One plan that is asked for, with the environment of who asks. */
export interface AskedPlan {
  readonly request: PruneRequest;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** One plan but its entries, or why there is none. */
export type PlanOutcome = { readonly rest: PackedPlan['rest'] } | StateFailure;

/** What each task is asked, and what it answers: pieces, then the rest. */
export interface StateTasks {
  state: { ask: { readonly cacheDir: string }; piece: PackedEntries; rest: PackedRest };
  'prune-plan': {
    ask: {
      readonly asked: readonly AskedPlan[];
      readonly now: number;
    };
    piece: PackedEntries & { readonly plan: number };
    rest: readonly PlanOutcome[];
  };
  'prune-reports': { ask: { readonly cacheDir: string }; piece: PackedEntries; rest: null };
  inspect: {
    ask: { readonly plan: CachePlan; readonly now: number };
    piece: never;
    rest: SizedInspection;
  };
  history: {
    ask: { readonly asked: PlanMisses };
    piece: never;
    rest: Why[][];
  };
  verify: {
    ask: { readonly cacheDir: string; readonly paths: readonly string[] };
    piece: never;
    rest: VerifyResult;
  };
}

export type StateTask = {
  [Name in keyof StateTasks]: { readonly task: Name; readonly port: MessagePort } & StateTasks[Name]['ask'];
}[keyof StateTasks];

/** Pieces, then the rest; or the failure. */
export type StateMessage = { readonly piece: unknown } | { readonly rest: unknown } | StateFailure;

/** A failure as data, or the words of a bug. */
export type StateFailure =
  { readonly failure: { readonly code: string; readonly data: unknown } } | { readonly error: string };

/** Runs a StateTask and sends its answer. */
export async function runStateTask(data: unknown): Promise<void> {
  const task = data as StateTask;
  const send = (message: StateMessage, given: ArrayBuffer[] = []) => task.port.postMessage(message, given);
  try {
    send({ rest: await answer(task, (piece, given) => send({ piece }, given)) });
  } catch (error) {
    send(failureOf(error));
  }
  task.port.close();
}

type SendPiece = (piece: StateTasks[keyof StateTasks]['piece'], given?: ArrayBuffer[]) => void;

type Rest = StateTasks[keyof StateTasks]['rest'];

function answer(task: StateTask, send: SendPiece): Rest | Promise<Rest> {
  switch (task.task) {
    case 'state':
      return packState(task.cacheDir, (piece) => giveAway(piece, send));
    case 'prune-plan':
      return makePlans(task, send);
    case 'prune-reports':
      for (const piece of packReports(task.cacheDir)) giveAway(piece, send);
      return null;
    case 'inspect':
      return inspectWithSizes(task.plan, { now: () => task.now });
    case 'history':
      return explainMisses(task.asked);
    case 'verify': {
      const wanted = new Set(task.paths);
      return verifyCache(task.cacheDir, { files: nodeFiles }, (path) => wanted.has(path));
    }
  }
}

/** Plans on one cache, which is read once for all of them; one that fails does not keep the others from being made. */
function makePlans({ asked, now }: StateTasks['prune-plan']['ask'], send: SendPiece): PlanOutcome[] {
  const scan = scanOnce(asked.map(({ request }) => request));
  return asked.map(({ request, env }, plan) => {
    try {
      const { entries, ...rest } = makePrunePlan(request, { now: () => now, env }, scan);
      for (const piece of packList(entries)) giveAway(piece, send, { plan });
      return { rest };
    } catch (error) {
      return failureOf(error);
    }
  });
}

function giveAway(
  { count, ...piece }: PackedEntries,
  send: SendPiece,
  about: { readonly plan?: number } = {},
): void {
  const bytes = ownBytes(piece.bytes);
  send({ bytes, count, ...about }, [bytes.buffer]);
}

function failureOf(error: unknown): StateFailure {
  const { code, data } = error as { code?: string; data?: unknown };
  if (typeof code === 'string' && typeof data === 'object') return { failure: { code, data } };
  return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
