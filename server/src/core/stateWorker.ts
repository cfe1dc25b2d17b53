// The worker's half of answers on whole caches: entries go back in pieces, so that the receiving thread is never blocked.
import type { MessagePort } from 'node:worker_threads';
import type { CacheEntry, CacheState, PrunePlan, PrunePlanEntry } from '../model/cache.ts';
import { readCacheState } from './list.ts';
import { makePrunePlan, type PruneRequest } from './prune/planPrune.ts';

/** Cloning this many entries takes about a millisecond. */
const PIECE = 250;

export type StateTask = { readonly port: MessagePort } & (
  | { readonly task: 'state'; readonly cacheDir: string }
  | {
      readonly task: 'prune-plan';
      readonly request: PruneRequest;
      readonly now: number;
      readonly env: Readonly<Record<string, string | undefined>>;
    }
);

/** Pieces, then everything but the entries; or the failure. */
export type StateMessage =
  | { readonly piece: readonly (CacheEntry | PrunePlanEntry)[] }
  | { readonly rest: Omit<CacheState, 'entries'> | Omit<PrunePlan, 'entries'> }
  | { readonly failure: { readonly code: string; readonly data: unknown } }
  | { readonly error: string };

/** Runs a StateTask and sends its answer. */
export function runStateTask(data: unknown): void {
  const task = data as StateTask;
  const send = (message: StateMessage) => task.port.postMessage(message);
  try {
    const { entries, ...rest } = answer(task);
    for (let at = 0; at < entries.length; at += PIECE) send({ piece: entries.slice(at, at + PIECE) });
    send({ rest });
  } catch (error) {
    send(failureOf(error));
  }
  task.port.close();
}

function answer(task: StateTask): CacheState | PrunePlan {
  if (task.task === 'state') return readCacheState(task.cacheDir);
  return makePrunePlan(task.request, { now: () => task.now, env: task.env });
}

function failureOf(error: unknown): StateMessage {
  const { code, data } = error as { code?: string; data?: unknown };
  if (typeof code === 'string' && typeof data === 'object') return { failure: { code, data } };
  return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
