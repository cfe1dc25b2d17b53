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
import { makePrunePlan, type PackedPlan, type PruneRequest } from './prune/planPrune.ts';
import { packReports } from './prune/reports.ts';
import { ownBytes } from './twoThreads.ts';
import { verifyCache, type VerifyResult } from './verify.ts';

/** What each task is asked, and what it answers: pieces, then the rest. */
export interface StateTasks {
  state: { ask: { readonly cacheDir: string }; piece: PackedEntries; rest: PackedRest };
  'prune-plan': {
    ask: {
      readonly request: PruneRequest;
      readonly now: number;
      readonly env: Readonly<Record<string, string | undefined>>;
    };
    piece: PackedEntries;
    rest: PackedPlan['rest'];
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
export type StateMessage =
  | { readonly piece: unknown }
  | { readonly rest: unknown }
  | { readonly failure: { readonly code: string; readonly data: unknown } }
  | { readonly error: string };

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
    case 'prune-plan': {
      const { entries, ...rest } = makePrunePlan(task.request, { now: () => task.now, env: task.env });
      for (const piece of packList(entries)) giveAway(piece, send);
      return rest;
    }
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

function giveAway({ count, ...piece }: PackedEntries, send: SendPiece): void {
  const bytes = ownBytes(piece.bytes);
  send({ bytes, count }, [bytes.buffer]);
}

function failureOf(error: unknown): StateMessage {
  const { code, data } = error as { code?: string; data?: unknown };
  if (typeof code === 'string' && typeof data === 'object') return { failure: { code, data } };
  return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
