// Builds one image into a staging file with the backend's tool: an import, or create, commands and export in a root file system
// of its own that is removed again whatever happens.
import { join } from 'node:path';
import { OperationFailure } from '../../model/failure.ts';
import type { PreparePlan, ServicePlan } from '../../model/plan.ts';
import { lstatIfThere, unlinkQuietly } from '../files.ts';
import { uniqueNanos } from '../publish.ts';
import { missingMountPoints, removeMadePlaces } from './mounts.ts';
import { rememberKept } from './sidecars.ts';
import type { PrepareRun, Step } from './prepareRun.ts';
import { endStrays, runStep } from './runStep.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Environment of the tool: ours plus, for enroot, where it keeps its files (cache contract, 6.2). */
export function toolEnvironment(run: PrepareRun, temp?: string): Environment {
  if (!run.steps.remove) return run.ports.env;
  const scratch = run.scratch();
  return {
    ...run.ports.env,
    ENROOT_CACHE_PATH: join(run.plan.cacheDir.path, 'enroot/cache'),
    ENROOT_DATA_PATH: scratch.data,
    ENROOT_TEMP_PATH: temp ?? scratch.temp,
    ...(usesGpuHook(run.ports.env) ? {} : { NVIDIA_VISIBLE_DEVICES: 'void' }),
  };
}

/** True when HPC_COMPOSE_PREPARE_GPU asks for enroot's NVIDIA hook during prepare. */
export function usesGpuHook(env: Environment): boolean {
  return isTruthy(env.HPC_COMPOSE_PREPARE_GPU);
}

/** hpc-compose's reading of switches in the environment. */
export function isTruthy(value: string | undefined): boolean {
  return ['1', 'true', 'yes', 'on'].includes(value?.trim().toLowerCase() ?? '');
}

/** Imports a remote image into `staging`. A stale handle is tried once more, in a clean temporary folder. */
export async function importImage(
  run: PrepareRun,
  service: ServicePlan,
  reference: string,
  staging: string,
  expectedBytes: number | undefined,
): Promise<void> {
  const step: Step = {
    service: service.name,
    phase: 'import',
    message: `importing ${reference} (a first import may take minutes)`,
    what: `import base image for service '${service.name}'`,
    args: run.steps.import(staging, reference),
    grows: expectedBytes === undefined ? { path: staging } : { path: staging, expectedBytes },
    env: toolEnvironment(run),
  };
  try {
    await endStrays(run, await runStep(run, step));
  } catch (error) {
    if (!(error instanceof OperationFailure) || error.code !== 'stale-handle') throw error;
    unlinkQuietly(run.ports.files, staging);
    const temp = join(run.scratch().temp, `retry-${uniqueNanos()}`);
    run.ports.files.makeDirectories(temp);
    const message = 'stale file handle; importing once more in a clean temporary folder';
    await endStrays(run, await runStep(run, { ...step, message, env: toolEnvironment(run, temp) }));
  }
}

/** Where a build works: what the tool calls it, and its path. */
interface Workplace {
  readonly name: string;
  readonly path: string;
}

/** Builds a prepared image from `image` into `staging`. */
export async function buildPrepared(
  run: PrepareRun,
  service: ServicePlan,
  prepare: PreparePlan,
  image: () => Promise<string>,
  staging: string,
): Promise<void> {
  const work = workplaceOf(run, service);
  try {
    await buildIn(work, run, service, prepare, image, staging);
  } catch (error) {
    if (!run.options.keepFailed || run.signal.aborted) await removeWork(work, run, service);
    else {
      run.scratch().keepData();
      rememberKept(run, work.path);
      throw withKept(error, work.path);
    }
    throw error;
  }
  await removeWork(work, run, service);
}

function withKept(error: unknown, kept: string): unknown {
  if (!(error instanceof OperationFailure)) return error;
  return new OperationFailure(error.code, { ...error.data, kept }, error);
}

function workplaceOf(run: PrepareRun, service: ServicePlan): Workplace {
  const token = service.name.replace(/[^A-Za-z0-9_-]/gu, '_');
  const name = `hpc-compose-${token}-${process.pid}-${uniqueNanos()}-0`;
  if (run.steps.remove) return { name, path: join(run.scratch().data, name) };
  const path = join(run.plan.cacheDir.path, 'prepared', `${name}.sandbox`);
  return { name: path, path };
}

async function buildIn(
  work: Workplace,
  run: PrepareRun,
  service: ServicePlan,
  prepare: PreparePlan,
  image: () => Promise<string>,
  staging: string,
): Promise<void> {
  const total = prepare.commands.length + 2;
  const env = toolEnvironment(run);
  const common = { service: service.name, env };
  const { steps } = run;
  const strays: (number | undefined)[] = [];
  try {
    if (steps.remove) await removeByTool(work, run, service);
    await createWork(work, run, service, prepare, image, env);
    const made = steps.remove ? missingMountPoints(prepare.mounts, work.path) : [];
    for (const [index, command] of prepare.commands.entries()) {
      const step: Step = {
        ...common,
        phase: 'command',
        message: `running prepare step ${index + 1}/${prepare.commands.length}`,
        what: `run prepare command ${index + 1} of ${prepare.commands.length} for service '${service.name}' (${firstLine(command)})${mountsNote(prepare)}`,
        args: steps.command(work.name, command, prepare),
        fraction: (index + 1) / total,
      };
      strays.push(await runStep(run, step));
    }
    for (const group of strays.splice(0)) await endStrays(run, group);
    removeMadePlaces(made);
    await runStep(run, {
      ...common,
      phase: 'export',
      message: 'exporting prepared image',
      what: `export prepared image for service '${service.name}'`,
      args: steps.export(staging, work.name, prepare),
      fraction: (total - 1) / total,
      grows: { path: staging },
    });
  } finally {
    for (const group of strays) await endStrays(run, group);
  }
}

/** How often an image is asked for that others take away again and again; with a hard link of ours, twice is enough. */
const UNPACK_ATTEMPTS = 5;

/** Unpacks the image. When a prune took it away meanwhile, `image` is asked once more for one that is there. */
async function createWork(
  work: Workplace,
  run: PrepareRun,
  service: ServicePlan,
  prepare: PreparePlan,
  image: () => Promise<string>,
  env: Environment,
): Promise<void> {
  const step = (path: string): Step => ({
    service: service.name,
    phase: 'create',
    message: 'unpacking the image',
    what: `create the root file system for service '${service.name}'`,
    args: run.steps.create(work.name, path, prepare),
    fraction: 0,
    env,
  });
  for (let attempt = 1; ; attempt++) {
    const path = await image();
    const before = lstatIfThere(run.ports.files, path);
    try {
      await runStep(run, step(path));
      return;
    } catch (error) {
      const now = lstatIfThere(run.ports.files, path);
      const isThere = now !== undefined && now.ino === before?.ino && now.mtimeMs === before.mtimeMs;
      if (run.signal.aborted || isThere || attempt === UNPACK_ATTEMPTS) throw error;
      await removeWork(work, run, service);
    }
  }
}

// A mount whose source is away is a common cause that the tool's own words do not give.
function mountsNote({ mounts }: PreparePlan): string {
  return mounts.length === 0 ? '' : ` with the mounts ${mounts.join(', ')}`;
}

function firstLine(command: string): string {
  const [line = '', ...rest] = command.trim().split('\n');
  const short = line.length > 60 ? `${line.slice(0, 60)}…` : line;
  return rest.length > 0 && short === line ? `${short} …` : short;
}

const CLEAN_UP_MS = 30_000;

/** Removes the root file system, by the tool's own verb first: it knows how to delete what has no write permission. */
async function removeWork(work: Workplace, run: PrepareRun, service: ServicePlan): Promise<void> {
  if (run.steps.remove) await removeByTool(work, run, service);
  try {
    await run.ports.files.removeTree(work.path);
  } catch (error) {
    run.ports.log.warn(`[${service.name}] ${work.path} could not be removed: ${String(error)}`);
  }
}

// Never fails a build that is done, and never goes on for ever after a cancel.
async function removeByTool(work: Workplace, run: PrepareRun, service: ServicePlan): Promise<void> {
  if (!run.steps.remove) return;
  try {
    const result = await run.ports.run({
      command: run.tool,
      args: run.steps.remove(work.name),
      env: toolEnvironment(run),
      signal: AbortSignal.timeout(CLEAN_UP_MS),
      keepStdout: 'tail',
      guard: run.guard(),
    });
    await endStrays(run, result.strays);
  } catch (error) {
    run.ports.log.debug(`[${service.name}] removing ${work.name}: ${String(error)}`);
  }
}
