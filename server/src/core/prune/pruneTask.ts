// Applying a plan and keeping its report, as one piece of work: in the caller's thread, or in a worker that gets the plan in pieces
// and tells its progress, so that the thread that answers people is never blocked.
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { PrunePlan, PrunePlanEntry, PruneResult } from '../../model/cache.ts';
import type { PruneApplyParams } from '../../model/protocol.ts';
import { OperationFailure, type FailureCode, type FailureData } from '../../model/failure.ts';
import { realPorts, type Log, type Ports } from '../ports.ts';
import { ownBytes } from '../twoThreads.ts';
import { startWorker } from '../worker.ts';
import { applyPrune, type ApplyOptions } from './applyPrune.ts';
import { keepReport } from './reports.ts';

type Options = Pick<ApplyOptions, 'signal' | 'onProgress'>;

/** applyPrune, with a report of it kept in the cache. Throws as applyPrune. */
export async function applyAndReport(plan: PrunePlan, options: Options, ports: Ports): Promise<PruneResult> {
  const result = await applyPrune(plan, options, ports);
  keepReport({ schema_version: 1, created_at: ports.now(), plan, result });
  return result;
}

/** applyAndReport in a worker, where there can be one. Cancelling stops between batches, as there. */
export async function applyInBackground(
  plan: PrunePlan,
  options: Options,
  ports: Ports,
): Promise<PruneResult> {
  const answer = await askWorker((port) => sendPlan(port, plan), options, ports);
  return answer ?? (await applyAndReport(plan, options, ports));
}

/** What a request to apply a plan says beside the entries of the plan. */
export type AskedToApply = Omit<PruneApplyParams, 'plan'> & { readonly cacheDir: string };

/**
 * applyInBackground for a request that is JSON text, which the worker reads. `onAsked` is told what else the request says before
 * anything is removed.
 */
export async function applyTextInBackground(
  text: readonly Uint8Array[],
  options: Options & { readonly onAsked: (asked: AskedToApply) => void },
  ports: Ports,
): Promise<PruneResult> {
  const request = ownBytes(Buffer.concat(text));
  const send = (port: MessagePort) => port.postMessage({ request } satisfies ToWorker, [request.buffer]);
  const answer = await askWorker(send, options, ports);
  if (answer) return answer;
  const { plan, ...asked } = readRequest(request);
  options.onAsked({ ...asked, cacheDir: plan.cache_dir });
  return await applyAndReport(plan, options, ports);
}

/** The text may go on behind the request, with members of the message that it came in. */
function readRequest(text: Uint8Array): PruneApplyParams {
  const message = `{"params":${Buffer.from(text.buffer).toString('utf8')}}`;
  return (JSON.parse(message) as { params: PruneApplyParams }).params;
}

type WorkerOptions = Options & { readonly onAsked?: (asked: AskedToApply) => void };

/** Undefined where there can be no worker. */
async function askWorker(
  send: (port: MessagePort) => void | Promise<void>,
  options: WorkerOptions,
  ports: Ports,
): Promise<PruneResult | undefined> {
  const { port1, port2 } = new MessageChannel();
  const worker = startWorker('prune-apply', { port: port2, env: { ...ports.env } }, [port2]);
  if (!worker) {
    port1.close();
    return undefined;
  }
  const cancel = () => port1.postMessage({ cancel: true } satisfies ToWorker);
  options.signal?.addEventListener('abort', cancel, { once: true });
  try {
    const answered = answerOf(port1, options, ports.log);
    if (options.signal?.aborted) cancel();
    await send(port1);
    return await answered;
  } finally {
    options.signal?.removeEventListener('abort', cancel);
    port1.close();
  }
}

type ToWorker =
  | { readonly request: Uint8Array }
  | { readonly piece: readonly PrunePlanEntry[] }
  | { readonly plan: Omit<PrunePlan, 'entries'> }
  | { readonly cancel: true };

type FromWorker =
  | { readonly asked: AskedToApply }
  | { readonly progress: readonly [done: number, total: number, bytes: number] }
  | { readonly said: readonly [level: keyof Log, message: string] }
  | { readonly result: PruneResult }
  | { readonly failure: { readonly code: FailureCode; readonly data: FailureData } }
  | { readonly error: string };

/** Cloning this many entries takes about a millisecond. */
const PIECE = 250;

async function sendPlan(port: MessagePort, { entries, ...plan }: PrunePlan): Promise<void> {
  for (let at = 0; at < entries.length; at += PIECE) {
    port.postMessage({ piece: entries.slice(at, at + PIECE) } satisfies ToWorker);
    await new Promise((resolve) => setImmediate(resolve));
  }
  port.postMessage({ plan } satisfies ToWorker);
}

function answerOf(port: MessagePort, options: WorkerOptions, log: Log): Promise<PruneResult> {
  return new Promise((resolve, reject) => {
    port.on('close', () => reject(new Error('the worker ended early')));
    port.on('message', (message: FromWorker) => {
      if ('progress' in message) options.onProgress?.(...message.progress);
      else if ('asked' in message) options.onAsked?.(message.asked);
      else if ('said' in message) log[message.said[0]](message.said[1]);
      else if ('result' in message) resolve(message.result);
      else if ('failure' in message) reject(new OperationFailure(message.failure.code, message.failure.data));
      else reject(new Error(message.error));
    });
  });
}

/** The worker's half. */
export function runPruneTask(data: unknown): void {
  const { port, env } = data as { readonly port: MessagePort; readonly env: Ports['env'] };
  const stop = new AbortController();
  const entries: PrunePlanEntry[] = [];
  const send = (message: FromWorker) => port.postMessage(message);
  const start = (planOf: () => PrunePlan) =>
    void work(planOf, stop.signal, env, send)
      .then(send)
      .finally(() => port.close());
  port.on('message', (message: ToWorker) => {
    if ('piece' in message) entries.push(...message.piece);
    else if ('cancel' in message) stop.abort();
    else if ('plan' in message) start(() => ({ ...message.plan, entries }));
    else start(() => planIn(message.request, send));
  });
}

function planIn(request: Uint8Array, send: (message: FromWorker) => void): PrunePlan {
  const { plan, ...asked } = readRequest(request);
  send({ asked: { ...asked, cacheDir: plan.cache_dir } });
  return plan;
}

async function work(
  planOf: () => PrunePlan,
  signal: AbortSignal,
  env: Ports['env'],
  send: (message: FromWorker) => void,
): Promise<FromWorker> {
  const onProgress = (...progress: [number, number, number]) => send({ progress });
  try {
    return {
      result: await applyAndReport(planOf(), { signal, onProgress }, realPorts(sendingLog(send), env)),
    };
  } catch (error) {
    if (error instanceof OperationFailure) return { failure: { code: error.code, data: error.data } };
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function sendingLog(send: (message: FromWorker) => void): Log {
  const say = (level: keyof Log) => (message: string) => send({ said: [level, message] });
  return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
}
