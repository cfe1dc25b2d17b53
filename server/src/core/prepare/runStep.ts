// Runs one step of a program that builds: its lines and its growth are reported, what it leaves behind is ended.
import type { PrepareProgress } from '../../model/cache.ts';
import { OperationFailure } from '../../model/failure.ts';
import { lstatIfThere } from '../files.ts';
import { endGroup } from '../process.ts';
import { failurePlace } from './fullPlace.ts';
import type { PrepareRun, Step } from './prepareRun.ts';
import { toolFailure } from './toolFailure.ts';

const GROWTH_POLL_MS = 500;

/** Runs a step to its end. Throws its failure, or the signal's reason. Gives the group of processes it left behind, if any. */
export async function runStep(run: PrepareRun, step: Step): Promise<number | undefined> {
  const { mask, ports, tool } = run;
  const at = step.fraction === undefined ? {} : { fraction: step.fraction };
  const about = { service: step.service, phase: step.phase, message: mask(step.message), ...at };
  run.report(about);
  ports.log.debug(mask(`[${step.service}] ${[tool, ...step.args].join(' ')}`));
  const limit = timeLimit(run, step);
  const stopWatching = watchGrowth(run, step, about);
  try {
    const result = await ports.run({
      command: tool,
      args: step.args,
      env: step.env,
      signal: limit.signal,
      keepStdout: 'tail',
      guard: run.guard(),
      onLine: (line) => {
        if (line.trim() !== '') run.report({ ...about, line: mask(line.trimEnd()) });
      },
    });
    if (result.exitCode === 0) return result.strays;
    await endStrays(run, result.strays);
    throw toolFailure({ ...step, tool, result, data: failurePlace(run, step) }, mask);
  } catch (error) {
    if (limit.expired() && !step.signal && !run.signal.aborted) throw tookTooLong(run, step);
    throw error;
  } finally {
    stopWatching();
  }
}

/** Ends processes that a step left behind. */
export async function endStrays(run: PrepareRun, group: number | undefined): Promise<void> {
  if (group === undefined) return;
  await endGroup(group);
  run.guard().remove(group);
}

function timeLimit(run: PrepareRun, step: Step) {
  const signal = step.signal ?? run.signal;
  const { buildTimeoutMs } = run.options;
  if (buildTimeoutMs === undefined) return { signal, expired: () => false };
  const limit = AbortSignal.timeout(buildTimeoutMs);
  return { signal: AbortSignal.any([signal, limit]), expired: () => limit.aborted };
}

function tookTooLong(run: PrepareRun, step: Step): OperationFailure {
  const seconds = (run.options.buildTimeoutMs ?? 0) / 1000;
  const cause = `${step.args[0] ?? ''} took longer than ${seconds} s and was stopped`;
  return new OperationFailure('tool-failed', { what: step.what, tool: run.tool, cause });
}

function watchGrowth(run: PrepareRun, step: Step, about: PrepareProgress): () => void {
  const { grows } = step;
  if (!grows || !run.options.onProgress) return () => undefined;
  let last = 0;
  const timer = setInterval(() => {
    const size = sizeOf(run, grows.path);
    if (size === last) return;
    last = size;
    const whole = grows.expectedBytes;
    const start = step.fraction ?? 0;
    const fraction = whole ? start + (0.99 - start) * Math.min(1, size / whole) : undefined;
    const message = `${about.message}, ${mebibytes(size)} written`;
    run.report({ ...about, message, ...(fraction === undefined ? {} : { fraction }) });
  }, GROWTH_POLL_MS);
  return () => clearInterval(timer);
}

function sizeOf(run: PrepareRun, path: string): number {
  try {
    return lstatIfThere(run.ports.files, path)?.size ?? 0;
  } catch {
    return 0;
  }
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
