// What happens for one service: its base image, its prepared image, and the result that says so.
import { join } from 'node:path';
import type { PrepareArtifactResult, PrepareServiceResult } from '../../model/cache.ts';
import { OperationFailure } from '../../model/failure.ts';
import type { CachePlan, ImageArtifact, PreparePlan, ServicePlan } from '../../model/plan.ts';
import { lstatIfThere } from '../files.ts';
import { longestNameBytes, NAME_BYTES_LIMIT } from '../publish.ts';
import { buildPrepared, importImage } from './buildImage.ts';
import type { PrepareRun } from './prepareRun.ts';
import { commitImage, type Outcome, type Transaction } from './transaction.ts';

/** The images of a run: each base once, whatever the number of services that share it. */
export interface Images {
  /** Makes sure of a base image; the same promise for every service. */
  readonly base: (artifact: ImageArtifact) => Promise<Outcome>;
  /** Makes sure of a prepared image; services that share one do so one after the other, in plan order. */
  readonly prepared: (transaction: Transaction) => Promise<Outcome>;
}

/** The base images of a plan, each with all its services. */
export function baseTransactions(
  run: PrepareRun,
  services: readonly ServicePlan[],
): Map<string, Transaction> {
  const transactions = new Map<string, Transaction>();
  for (const { base: artifact, source } of services) {
    if (!artifact || source.kind !== 'remote' || transactions.has(artifact.path)) continue;
    const users = services.filter((service) => service.base?.path === artifact.path);
    const [first] = users;
    if (!first) continue;
    transactions.set(artifact.path, {
      artifact,
      services: users,
      force: run.options.force ?? false,
      build: (staging, oldBytes) => importImage(run, first, source.reference, staging, oldBytes),
    });
  }
  return transactions;
}

/** The prepared image of a service. `rebase` makes its base again, for the case that a prune took it away. */
export function preparedTransaction(
  run: PrepareRun,
  service: ServicePlan,
  artifact: ImageArtifact,
  prepare: PreparePlan,
  rebase: Rebase,
): Transaction {
  return {
    artifact,
    services: [service],
    prepare,
    force: (run.options.force ?? false) || prepare.forceRebuild,
    build: (staging) => buildPrepared(run, service, prepare, imageProvider(run, service, rebase), staging),
  };
}

/** Makes sure of a base once more, and calls `keep` while no prune can take it away. */
type Rebase = (keep: () => void) => Promise<Outcome>;

// Gives the image to unpack. A hard link of ours keeps a base alive that is pruned between import and create.
function imageProvider(run: PrepareRun, service: ServicePlan, rebase: Rebase) {
  const path = sourcePathOf(service);
  const { base } = service;
  if (!base) return () => Promise.resolve(path);
  let link: string | undefined;
  let asked = 0;
  const keep = () => void (link ??= linkBase(run, base));
  return async (): Promise<string> => {
    if (asked++ === 0) {
      keep();
      if (link !== undefined || lstatIfThere(run.ports.files, base.path)) return path;
    }
    if (link === undefined) await rebase(keep);
    return link ?? path;
  };
}

function linkBase(run: PrepareRun, base: ImageArtifact): string | undefined {
  const { temp } = run.scratch();
  // Only enroot gets a scratch folder; without one there is no place of ours for a link.
  if (temp === '') return undefined;
  const link = join(temp, `base-${base.key.slice(0, 16)}-${process.hrtime.bigint()}.sqsh`);
  try {
    run.ports.files.link(base.path, link);
    return link;
  } catch {
    // Another file system, not our file, or gone already.
    return undefined;
  }
}

function sourcePathOf(service: ServicePlan): string {
  if (service.base) return service.base.path;
  return 'path' in service.source ? service.source.path : '';
}

/** Prepares one service. Never throws what can be expected: it is in the result. Throws bugs and the caller's cancel. */
export async function prepareService(
  run: PrepareRun,
  service: ServicePlan,
  images: Images,
  isFirstOfBase: boolean,
): Promise<PrepareServiceResult> {
  const result: PrepareServiceResult = {
    service_name: service.name,
    base_image: null,
    runtime_image: { path: service.runtimePath, action: 'present', note: null },
  };
  try {
    checkService(run.plan, service, run);
    if (service.base) {
      const outcome = await baseOf(run, service.base, images, result);
      if (outcome === undefined) return result;
      const action = isFirstOfBase ? outcome : 'reused';
      result.base_image = { path: service.base.path, action, note: null };
      result.runtime_image = { path: service.base.path, action, note: 'the base image is used directly' };
    } else result.runtime_image.note = `the local image is used directly`;
    if (service.prepared && service.prepare)
      result.runtime_image = await preparedOf(run, service, service.prepared, service.prepare, images);
    return result;
  } catch (error) {
    result.runtime_image = run.failed(service.runtimePath, error);
    return result;
  } finally {
    run.finished(service.name, result);
  }
}

async function baseOf(
  run: PrepareRun,
  base: ImageArtifact,
  images: Images,
  result: PrepareServiceResult,
): Promise<Outcome | undefined> {
  try {
    return await images.base(base);
  } catch (error) {
    const failed = run.failed(base.path, error);
    result.base_image = failed;
    const { path } = result.runtime_image;
    result.runtime_image =
      path === base.path ? failed : { path, action: 'skipped', note: 'its base image is not there' };
    return undefined;
  }
}

async function preparedOf(
  run: PrepareRun,
  service: ServicePlan,
  artifact: ImageArtifact,
  prepare: PreparePlan,
  images: Images,
): Promise<PrepareArtifactResult> {
  const rebase: Rebase = async (keep) =>
    service.base ? await commitAgain(run, service, service.base, keep) : 'reused';
  const outcome = await images.prepared(preparedTransaction(run, service, artifact, prepare, rebase));
  if (outcome === 'reused') return { path: artifact.path, action: outcome, note: null };
  const note = run.options.force
    ? 'rebuilt because --force-rebuild was given'
    : prepare.forceRebuild
      ? 'rebuilt because prepare.mounts are present'
      : null;
  return { path: artifact.path, action: outcome, note };
}

async function commitAgain(
  run: PrepareRun,
  service: ServicePlan,
  base: ImageArtifact,
  keep: () => void,
): Promise<Outcome> {
  const transaction = baseTransactions(run, [service]).get(base.path);
  return transaction ? await commitImage(run, { ...transaction, force: false }, keep) : 'reused';
}

function checkService(plan: CachePlan, service: ServicePlan, run: PrepareRun): void {
  const tooLong = [service.base, service.prepared].find(
    (artifact) => artifact && longestNameBytes(artifact.path) > NAME_BYTES_LIMIT,
  );
  if (tooLong)
    throw new OperationFailure('name-too-long', { service: service.name, limit: NAME_BYTES_LIMIT });
  if (service.source.kind === 'remote' || service.source.kind === 'host') return;
  const { path } = service.source;
  const wanted = plan.backend === 'pyxis' ? 'local-sqsh' : 'local-sif';
  if (service.source.kind !== wanted) {
    const cause = `${plan.backend} needs ${wanted === 'local-sqsh' ? 'a squashfs image' : 'a SIF image'}`;
    throw new OperationFailure('artifact-unusable', { path, cause });
  }
  if (!exists(path, run)) throw new OperationFailure('artifact-missing', { path, service: service.name });
}

// Links to an image are fine here, as for hpc-compose: the file is the user's own.
function exists(path: string, run: PrepareRun): boolean {
  try {
    return lstatIfThere(run.ports.files, run.ports.files.realpath(path)) !== undefined;
  } catch {
    return false;
  }
}
