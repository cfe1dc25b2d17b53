// The request `hpcCompose/prepare`: builds what a spec needs, reports every step, stops with the request.
import { ProgressType, WorkDoneProgress, type Connection } from 'vscode-languageserver';
import { prepare } from '../core/prepare/prepare.ts';
import type { PrepareProgress, PrepareResult } from '../model/cache.ts';
import { OperationFailure } from '../model/failure.ts';
import type { PrepareParams } from '../model/protocol.ts';
import type { CacheBoard } from './cacheBoard.ts';
import type { CacheLooks } from './cacheLooks.ts';
import { onOwnRequest } from './guarded.ts';
import type { ServerContext } from './serverContext.ts';
import { planOf } from './specPlans.ts';

/** Runs one prepare for whoever asks: the request, or a command of an editor without our client. */
export type RunPrepare = (params: PrepareParams, signal: AbortSignal) => Promise<PrepareResult>;

/** Registers the request; gives what it runs. */
export function registerPrepare(context: ServerContext, board: CacheBoard, looks: CacheLooks): RunPrepare {
  const run: RunPrepare = (params, signal) => runPrepare(context, board, looks, params, signal);
  onOwnRequest(context.connection, context.log, 'hpcCompose/prepare', run);
  return run;
}

async function runPrepare(
  context: ServerContext,
  board: CacheBoard,
  looks: CacheLooks,
  params: PrepareParams,
  signal: AbortSignal,
): Promise<PrepareResult> {
  const { uri } = params;
  if (uri === undefined) throw new OperationFailure('usage', { cause: 'The request names no spec (uri).' });
  if (process.platform !== 'linux') throw new OperationFailure('unsupported-platform');
  const { plan, choices, ports } = await planOf(context, uri, signal);
  const names = plan.services.map(({ name }) => name);
  const services = servicesOf(params, names);
  const report = reporter(context.connection, params, services.length);
  const onProgress = (step: PrepareProgress) => {
    report.step(step);
    board.putStep(uri, step, ports.now());
  };
  const jobs = choices.jobs > 0 ? { jobs: choices.jobs } : {};
  try {
    return await prepare(
      plan,
      { force: params.force === true, services, ...jobs, signal, onProgress },
      ports,
    );
  } finally {
    report.end();
    board.endPrepare(uri);
    await looks.tell(plan.cacheDir.path);
  }
}

function servicesOf({ service }: PrepareParams, names: readonly string[]): readonly string[] {
  if (service === undefined) return names;
  if (names.includes(service)) return [service];
  throw new OperationFailure('usage', { cause: `The spec has no service named ${service}.` });
}

interface Reporter {
  step(step: PrepareProgress): void;
  end(): void;
}

/** Sends every step to `partialResultToken`, and standard progress to `workDoneToken`, as far as the client gave them. */
function reporter(connection: Connection, params: PrepareParams, total: number): Reporter {
  const { partialResultToken, workDoneToken } = params;
  const steps = new ProgressType<PrepareProgress>();
  const finished = new Set<string>();
  const send = (value: object) => {
    if (workDoneToken !== undefined)
      void connection.sendProgress(WorkDoneProgress.type, workDoneToken, value as never);
  };
  send({
    kind: 'begin',
    title: params.service ? `Preparing ${params.service}` : 'Preparing images',
    cancellable: true,
  });
  return {
    step(step) {
      if (partialResultToken !== undefined) void connection.sendProgress(steps, partialResultToken, step);
      if (step.phase === 'done' || step.phase === 'failed') finished.add(step.service);
      if (step.line !== undefined) return;
      const percentage = Math.floor((finished.size / Math.max(1, total)) * 100);
      send({ kind: 'report', message: `${step.service}: ${step.message}`, percentage });
    },
    end: () => send({ kind: 'end' }),
  };
}
