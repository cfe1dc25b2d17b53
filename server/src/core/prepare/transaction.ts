// One image from question to commit, under its build lock: committed already, or built into a staging file, published, and
// then recorded. The manifest is written last: it is what makes an image committed (cache contract, sections 4 to 6).
import type { Manifest } from '../../model/cache.ts';
import { OperationFailure } from '../../model/failure.ts';
import type { ImageArtifact, KeyInput, PreparePlan, ServicePlan } from '../../model/plan.ts';
import { committedManifest } from '../committed.ts';
import { errnoOf, lstatIfThere, unlinkQuietly } from '../files.ts';
import { ioFailure } from '../ioFailure.ts';
import { lockHolder } from '../lockHolder.ts';
import { buildLockPathOf, withBuildLock, withManifestLock } from '../locks.ts';
import { touched, upsertBase, upsertPrepared, writeManifest } from '../manifest.ts';
import { publishArtifact, stagingPathOf } from '../publish.ts';
import type { PrepareRun } from './prepareRun.ts';
import { rememberInputs, rememberSecrets } from './sidecars.ts';

export type Outcome = 'built' | 'reused';

export interface Transaction {
  readonly artifact: ImageArtifact;
  /** Services that use the image, in plan order; progress is shown for the first. */
  readonly services: readonly ServicePlan[];
  readonly prepare?: PreparePlan;
  /** Builds it even when it is committed. */
  readonly force: boolean;
  /** Writes the image to the staging path; gets the size of the image that it replaces, if there is one. */
  readonly build: (staging: string, oldBytes: number | undefined) => Promise<void>;
}

/**
 * Makes sure that an image is committed, and calls `committed` before its lock is let go. Throws the failure, with nothing of ours
 * left behind.
 */
export async function commitImage(
  run: PrepareRun,
  transaction: Transaction,
  committed: () => void = () => undefined,
): Promise<Outcome> {
  const { artifact, services } = transaction;
  const service = services[0]?.name ?? '';
  const onWait = () => {
    const holder = lockHolder(buildLockPathOf(artifact.path));
    run.report({
      service,
      phase: 'waiting',
      message: `waiting for ${holder ?? 'another process'}, which works on ${artifact.path}`,
    });
  };
  const { lockTimeoutMs: timeoutMs } = run.options;
  const options = { signal: run.signal, onWait, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  run.scratch();
  return await withBuildLock(artifact.path, options, run.ports, async () => {
    const outcome = await commitLocked(run, transaction);
    committed();
    return outcome;
  });
}

async function commitLocked(run: PrepareRun, transaction: Transaction): Promise<Outcome> {
  const { artifact, force } = transaction;
  const found = committedManifest(artifact, run.ports.files);
  if (found.problem !== undefined) run.ports.log.info(`${artifact.path} is built again: ${found.problem}`);
  const outcome: Outcome = force || !found.manifest ? 'built' : 'reused';
  if (outcome === 'built') await buildAndPublish(run, transaction);
  try {
    await withManifestLock(artifact.path, { signal: run.signal }, run.ports, () =>
      record(run, transaction, outcome, committedManifest(artifact, run.ports.files).manifest),
    );
  } catch (error) {
    throw ioFailure(error, artifact.manifestPath);
  }
  if (outcome === 'built') rememberInputs(run, artifact, inputsOf(transaction));
  return outcome;
}

function inputsOf({ artifact, services }: Transaction): readonly KeyInput[] {
  const [first] = services;
  return (artifact.kind === 'base' ? first?.baseInputs : first?.preparedInputs) ?? [];
}

async function buildAndPublish(run: PrepareRun, transaction: Transaction): Promise<void> {
  const { artifact, services } = transaction;
  const { files } = run.ports;
  const staging = stagingPathOf(artifact.path);
  const old = lstatIfThere(files, artifact.path);
  if (old?.isDirectory()) throw unusable(artifact.path, 'a directory stands where the image belongs');
  if (lstatIfThere(files, artifact.manifestPath)?.isDirectory())
    throw unusable(artifact.manifestPath, 'a directory stands where the manifest belongs');
  try {
    await transaction.build(staging, old?.isFile() ? old.size : undefined);
  } catch (error) {
    unlinkQuietly(files, staging);
    throw error;
  }
  run.report({ service: services[0]?.name ?? '', phase: 'publish', message: `publishing ${artifact.path}` });
  try {
    await publishArtifact(staging, artifact.path, files);
  } catch (error) {
    throw ioFailure(error, artifact.path);
  }
}

function unusable(path: string, cause: string): OperationFailure {
  return new OperationFailure('artifact-unusable', { path, cause });
}

/**
 * Records an image that was built or used again. Call it with the manifest lock held; `found` is what was read under that lock.
 * Throws the system's error.
 */
export async function record(
  run: PrepareRun,
  transaction: Transaction,
  outcome: Outcome,
  found: Manifest | undefined,
): Promise<void> {
  const { artifact } = transaction;
  const { files } = run.ports;
  const next = nextManifest(run, transaction, outcome, found);
  if (next === undefined) return;
  rememberSecrets(run, artifact, next);
  try {
    await writeManifest(artifact.manifestPath, next, files);
  } catch (error) {
    if (outcome === 'built' || errnoOf(error) === undefined) throw error;
    run.ports.log.warn(
      `${artifact.manifestPath} cannot be written to; the image is used as it is. (${(error as Error).message})`,
    );
  }
}

function nextManifest(
  run: PrepareRun,
  { artifact, services, prepare }: Transaction,
  outcome: Outcome,
  found: Manifest | undefined,
): Manifest | undefined {
  const [first] = services;
  if (!first) return undefined;
  const now = Math.floor(run.ports.now());
  const common = {
    artifact: found && outcome === 'reused' ? { ...artifact, path: found.artifact_path } : artifact,
    source: {
      sourceImage: first.sourceImage,
      registry: first.source.kind === 'remote' ? first.source.registry : null,
    },
    toolVersion: run.plan.toolVersion,
    now,
    found,
  };
  if (artifact.kind === 'base') return upsertBase({ ...common, services: services.map(({ name }) => name) });
  if (outcome === 'reused') {
    if (found && prepare && !isMadeBy(found, prepare)) run.ports.log.warn(twoMeanings(artifact.path));
    return found && touched(found, now);
  }
  return prepare && upsertPrepared({ ...common, services: [first.name], prepare });
}

/** Parts of a key have no marks between them, so other commands may have the same key (cache contract, section 2.2). */
function isMadeBy(found: Manifest, { commands, mounts, env }: PreparePlan): boolean {
  const made = [found.prepare_commands, found.prepare_mounts, found.prepare_env];
  return JSON.stringify(made) === JSON.stringify([commands, mounts, env]);
}

function twoMeanings(path: string): string {
  return `warning: ${path} has the key of this service, but was made by other commands, mounts or variables; change one of them, or use --force-rebuild, if that is not meant`;
}
