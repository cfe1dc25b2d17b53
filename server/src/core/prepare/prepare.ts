// Makes every image of a plan present: reuses what is committed, builds the rest, several at a time. One failure does not stop
// the others unless asked; the result lists every service in plan order and equals that of a serial run.
import type { PrepareArtifactResult, PrepareResult, PrepareServiceResult } from '../../model/cache.ts';
import { OperationFailure } from '../../model/failure.ts';
import { secretMask, secretValuesOf } from '../../model/mask.ts';
import type { CachePlan, ImageArtifact, ServicePlan } from '../../model/plan.ts';
import { ioFailure } from '../ioFailure.ts';
import type { Ports } from '../ports.ts';
import type { ProcessGuard } from '../process.ts';
import { usesGpuHook } from './buildImage.ts';
import { withRoom } from './fullPlace.ts';
import { settleHits } from './hits.ts';
import type { PrepareOptions, PrepareRun } from './prepareRun.ts';
import { makeCacheFolders, makeScratch, type Scratch } from './scratch.ts';
import { baseTransactions, prepareService, preparedTransaction, type Images } from './services.ts';
import { rememberUse, sweepFirst } from './sidecars.ts';
import { createSlots, defaultJobs } from './slots.ts';
import { enrootSteps, SIF_STEPS } from './steps.ts';
import { findTool } from './toolPath.ts';
import { wholeMessage } from './toolFailure.ts';
import { commitImage, type Outcome, type Transaction } from './transaction.ts';

export type { PrepareOptions } from './prepareRun.ts';

/**
 * Prepares the images of a plan. Expected failures are in the result, service by service.
 * Throws usage for an unknown service, and the signal's reason when cancelled, after everything started has ended.
 */
export async function prepare(
  plan: CachePlan,
  options: PrepareOptions,
  ports: Ports,
): Promise<PrepareResult> {
  const services = chosenServices(plan, options.services);
  if (plan.backend === 'host') return { schema_version: 1, services: services.map(hostResult) };
  // The environment of a process is asked of the system name by name at each look.
  const started = startRun(plan, options, { ...ports, env: { ...ports.env } }, services);
  if (started instanceof OperationFailure) {
    return { schema_version: 1, services: services.map((service) => refusedResult(service, started)) };
  }
  try {
    return { schema_version: 1, services: await prepareAll(started.run, services) };
  } finally {
    await started.dispose();
  }
}

function chosenServices(plan: CachePlan, names: readonly string[] | undefined): readonly ServicePlan[] {
  const unknown = names?.find((name) => !plan.services.some((service) => service.name === name));
  if (unknown !== undefined)
    throw new OperationFailure('usage', { cause: `there is no service '${unknown}'` });
  return names ? plan.services.filter(({ name }) => names.includes(name)) : plan.services;
}

function hostResult(service: ServicePlan): PrepareServiceResult {
  const note = 'the host runtime needs no image';
  return {
    service_name: service.name,
    base_image: null,
    runtime_image: { path: '', action: 'present', note },
  };
}

function refusedResult(service: ServicePlan, failure: OperationFailure): PrepareServiceResult {
  const error = { code: failure.code, message: wholeMessage(failure) };
  const runtime = { path: service.runtimePath, action: 'failed' as const, note: null, error };
  const base = service.base && { ...runtime, path: service.base.path };
  return { service_name: service.name, base_image: base ?? null, runtime_image: runtime };
}

interface StartedRun {
  readonly run: PrepareRun;
  readonly dispose: () => Promise<void>;
}

function startRun(
  plan: CachePlan,
  options: PrepareOptions,
  ports: Ports,
  services: readonly ServicePlan[],
): StartedRun | OperationFailure {
  const tool = toolOf(plan, ports);
  if (tool instanceof OperationFailure) return tool;
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const secrets = [
    ...plan.secretValues,
    ...services.flatMap(({ prepare }) => secretValuesOf(prepare?.env ?? [])),
  ];
  const mask = secretMask(secrets);
  let scratch: Scratch | undefined;
  let guard: ProcessGuard | undefined;
  const run: PrepareRun = {
    plan,
    options,
    ports,
    steps: plan.backend === 'pyxis' ? enrootSteps(usesGpuHook(ports.env)) : SIF_STEPS,
    tool,
    signal,
    mask,
    slots: createSlots(Math.max(1, options.jobs ?? defaultJobs(ports.env))),
    scratch: () => (scratch ??= prepareFolders(plan, ports)),
    guard: () => (guard ??= ports.startGuard()),
    report: (progress) => options.onProgress?.(progress),
    failed: (path, error) => failedArtifact(path, error, run),
    finished: (service, result) => {
      reportEnd(options, service, result);
      if (options.failFast && hasFailed(result)) stop.abort();
    },
  };
  // Every image takes locks twice: the child that takes them starts while the plan is looked at.
  ports.lockChildren.of(ports.run, ports.env).warm();
  const dispose = async () => {
    guard?.dispose();
    await scratch?.dispose();
  };
  return { run, dispose };
}

function toolOf(plan: CachePlan, ports: Ports): string | OperationFailure {
  const name = plan.backend === 'pyxis' ? 'enroot' : plan.backend;
  if (name === 'host') return '';
  try {
    return findTool(name, plan.binaries[name] ?? name, ports.env.PATH);
  } catch (error) {
    if (error instanceof OperationFailure) return error;
    throw error;
  }
}

function prepareFolders(plan: CachePlan, ports: Ports): Scratch {
  makeCacheFolders(plan.cacheDir.path, ports);
  return plan.backend === 'pyxis'
    ? makeScratch(plan, ports)
    : { temp: '', data: '', keepData: () => undefined, dispose: () => Promise.resolve() };
}

function failedArtifact(path: string, error: unknown, run: PrepareRun): PrepareArtifactResult {
  if (run.signal.aborted && error === run.signal.reason)
    return { path, action: 'skipped', note: 'stopped because another service failed' };
  const failure = ioFailure(error, run.plan.cacheDir.path);
  if (!(failure instanceof OperationFailure)) throw failure;
  const told = withRoom(failure, run.ports.files);
  return {
    path,
    action: 'failed',
    note: null,
    error: { code: told.code, message: run.mask(wholeMessage(told)) },
  };
}

function hasFailed(result: PrepareServiceResult): boolean {
  return [result.base_image, result.runtime_image].some((image) => image?.action === 'failed');
}

function reportEnd(options: PrepareOptions, service: string, result: PrepareServiceResult): void {
  const failed = [result.base_image, result.runtime_image].find((image) => image?.action === 'failed');
  options.onProgress?.(
    failed
      ? { service, phase: 'failed', message: failed.error?.message ?? 'failed' }
      : { service, phase: 'done', message: result.runtime_image.action, fraction: 1 },
  );
}

async function prepareAll(
  run: PrepareRun,
  services: readonly ServicePlan[],
): Promise<PrepareServiceResult[]> {
  const images = await startImages(run, services);
  const firstOf = new Map(services.map(({ base }) => base?.path).map((path) => [path, true]));
  const works = services.map((service) => {
    const isFirst = firstOf.get(service.base?.path) ?? false;
    firstOf.set(service.base?.path, false);
    return prepareService(run, service, images, isFirst);
  });
  const ended = await Promise.allSettled(works);
  run.options.signal?.throwIfAborted();
  const results = ended.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
  rememberUse(run, results);
  return results;
}

async function startImages(run: PrepareRun, services: readonly ServicePlan[]): Promise<Images> {
  const bases = baseTransactions(run, services);
  const candidates = [...bases.values(), ...preparedCandidates(run, services)];
  const settled = await settleHits(run, candidates);
  if (candidates.some(({ artifact }) => !settled.has(artifact.path))) await sweepFirst(run);
  const baseWorks = new Map<string, Promise<Outcome>>();
  const last = new Map<string, Promise<unknown>>();
  const build = (transaction: Transaction) => run.slots.use(run.signal, () => commitImage(run, transaction));
  return {
    base: ({ path }: ImageArtifact) => {
      const transaction = bases.get(path);
      if (settled.has(path) || !transaction) return Promise.resolve('reused');
      const work = baseWorks.get(path) ?? build(transaction);
      baseWorks.set(path, work);
      return work;
    },
    prepared: (transaction) => {
      const { path } = transaction.artifact;
      if (settled.has(path)) return Promise.resolve('reused');
      const before = last.get(path) ?? Promise.resolve();
      const work = before.then(() => build(transaction));
      last.set(
        path,
        work.catch(() => undefined),
      );
      return work;
    },
  };
}

function preparedCandidates(run: PrepareRun, services: readonly ServicePlan[]): Transaction[] {
  const found = new Map<string, Transaction>();
  for (const service of services) {
    const { prepared, prepare } = service;
    if (!prepared || !prepare || prepare.forceRebuild || found.has(prepared.path)) continue;
    const rebase = () => Promise.resolve<Outcome>('reused');
    found.set(prepared.path, preparedTransaction(run, service, prepared, prepare, rebase));
  }
  return [...found.values()];
}
