// What the parts of one prepare share: the plan, the effects, the program that builds, and how steps are run and reported.
import type { PrepareArtifactResult, PrepareProgress, PrepareServiceResult } from '../../model/cache.ts';
import { OperationFailure } from '../../model/failure.ts';
import type { CachePlan } from '../../model/plan.ts';
import { lstatIfThere } from '../files.ts';
import type { Ports } from '../ports.ts';
import { endGroup, type ProcessGuard } from '../process.ts';
import type { Scratch } from './scratch.ts';
import type { Slots } from './slots.ts';
import type { Steps } from './steps.ts';
import { failurePlace } from './fullPlace.ts';
import { toolFailure } from './toolFailure.ts';

export interface PrepareOptions {
  /** Builds everything again. */
  readonly force?: boolean;
  /** Names of the services to prepare; absent: all. */
  readonly services?: readonly string[];
  /** Images built at a time. */
  readonly jobs?: number;
  /** The first failure stops the others. */
  readonly failFast?: boolean;
  /** Leaves the root file system of a failed build for inspection. */
  readonly keepFailed?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: PrepareProgress) => void;
  /** Absent: 30 minutes. */
  readonly lockTimeoutMs?: number;
  /** Limit for one step of a tool; absent: none. */
  readonly buildTimeoutMs?: number;
}

export interface PrepareRun {
  readonly plan: CachePlan;
  readonly options: PrepareOptions;
  readonly ports: Ports;
  readonly steps: Steps;
  /** Path of the program that builds. */
  readonly tool: string;
  /** Aborted by the caller, or by the first failure where that was asked. */
  readonly signal: AbortSignal;
  readonly slots: Slots;
  /** Makes the cache's folders and the scratch folders at the first call. Throws the failure of the one that cannot be made. */
  readonly scratch: () => Scratch;
  readonly guard: () => ProcessGuard;
  readonly mask: (text: string) => string;
  readonly report: (progress: PrepareProgress) => void;
  /** The result of an image that could not be had. Throws what is no expected failure. */
  readonly failed: (path: string, error: unknown) => PrepareArtifactResult;
  /** Called once for each service. */
  readonly finished: (service: string, result: PrepareServiceResult) => void;
}

export interface Step {
  readonly service: string;
  readonly phase: PrepareProgress['phase'];
  /** What people see while it runs. */
  readonly message: string;
  /** What it is to do, in words that follow "failed to". */
  readonly what: string;
  readonly args: readonly string[];
  /** Share of the service's work that is done when the step begins. */
  readonly fraction?: number;
  /** File that grows while the step runs, and how big it will be, where that is known. */
  readonly grows?: { readonly path: string; readonly expectedBytes?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absent: the run's. Cleaning up goes on after a cancel. */
  readonly signal?: AbortSignal;
}

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
