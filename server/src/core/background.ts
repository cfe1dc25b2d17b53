// Answers on whole caches without blocking the thread that asks: a worker reads, its entries come in pieces.
import { MessageChannel } from 'node:worker_threads';
import type { CacheState, PrunePlan } from '../model/cache.ts';
import { OperationFailure, type FailureCode, type FailureData } from '../model/failure.ts';
import { listCache } from './list.ts';
import type { Ports } from './ports.ts';
import { planPrune, type PruneRequest } from './prune/planPrune.ts';
import type { StateMessage } from './stateWorker.ts';
import { startWorker, type WorkerTask } from './worker.ts';

/** listCache in a worker. Throws the signal's reason when cancelled. */
export async function listCacheInBackground(
  cacheDir: string,
  ports: Pick<Ports, 'now'>,
  signal?: AbortSignal,
): Promise<CacheState> {
  const answer = await ask<CacheState>('state', { cacheDir }, signal);
  return answer ?? (await listCache(cacheDir, ports));
}

/** planPrune in a worker. Throws as planPrune, and the signal's reason when cancelled. */
export async function planPruneInBackground(
  request: PruneRequest,
  ports: Pick<Ports, 'now' | 'env'>,
  signal?: AbortSignal,
): Promise<PrunePlan> {
  const data = { request, now: ports.now(), env: { ...ports.env } };
  const answer = await ask<PrunePlan>('prune-plan', data, signal);
  return answer ?? (await planPrune(request, ports));
}

/** Undefined when no worker could be started. */
async function ask<T extends CacheState | PrunePlan>(
  task: WorkerTask,
  data: object,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  signal?.throwIfAborted();
  const { port1, port2 } = new MessageChannel();
  const worker = startWorker(task, { ...data, port: port2 }, [port2]);
  if (!worker) return undefined;
  const stop = () => void worker.terminate();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise<T>((resolve, reject) => {
      const entries: unknown[] = [];
      worker.on('error', reject);
      // Not the worker's exit: that may be told before its last messages, which the port hands over before it closes.
      port1.on('close', () => reject(new Error('the worker ended early')));
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      port1.on('message', (message: StateMessage) => {
        if ('piece' in message) entries.push(...message.piece);
        else if ('rest' in message) resolve({ ...message.rest, entries } as unknown as T);
        else reject(errorOf(message));
      });
    });
  } finally {
    signal?.removeEventListener('abort', stop);
    port1.close();
  }
}

function errorOf(message: Exclude<StateMessage, { piece: unknown } | { rest: unknown }>): Error {
  if ('error' in message) return new Error(message.error);
  return new OperationFailure(message.failure.code as FailureCode, message.failure.data as FailureData);
}
