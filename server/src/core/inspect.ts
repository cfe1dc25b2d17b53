// Says for each service of a plan which artifact a prepare would reuse, and if none, why: reads manifests, takes no lock.
// Shape: cache contract, section 7.3, plus `why`. Unlike there, an image that is not committed is no hit.
import fs from 'node:fs';
import type {
  InspectArtifact,
  InspectResult,
  InspectService,
  Manifest,
  ReuseExpectation,
  Why,
} from '../model/cache.ts';
import { secretMask } from '../model/mask.ts';
import type { CachePlan, ImageArtifact, KeyInput, ServicePlan } from '../model/plan.ts';
import { commitmentOf, type Commitment } from './commitment.ts';
import type { Judge } from './commitmentMemory.ts';
import { explainMisses, type Miss, type PlanMisses } from './inspectHistory.ts';
import { createBytesReader, type BytesReader } from './manifestFile.ts';
import { maskManifest } from './maskEntries.ts';
import type { Ports } from './ports.ts';
import { restEvery } from './restEvery.ts';

export interface InspectOptions {
  /** Limits it to one name; an unknown name gives no services. */
  readonly service?: string;
  /** Says of images whether they are committed. */
  readonly judge?: Judge;
  /** Looks for earlier builds; absent: explainMisses. */
  readonly explain?: Explain;
  readonly signal?: AbortSignal;
}

/** explainMisses, or something that answers as it does. */
export type Explain = typeof explainMisses;

/** What a plan finds in its cache, in plan order. Throws the reason of the signal. */
export async function inspectPlan(
  plan: CachePlan,
  _ports: Pick<Ports, 'now'>,
  options: InspectOptions = {},
): Promise<InspectResult> {
  const judge = oncePerImage(options.judge ?? commitmentOf);
  const inspection = { plan, bytes: createBytesReader(), judge };
  const looks: ServiceLook[] = [];
  const rest = restEvery();
  for (const service of plan.services) {
    if (options.service !== undefined && service.name !== options.service) continue;
    looks.push(lookAt(service, inspection));
    if (rest.isDue()) await rest.take(options.signal);
  }
  const changes = await changesOf(looks, plan, options);
  return {
    schema_version: 1,
    cache_dir: plan.cacheDir.path,
    services: looks.map((look) => ({ ...look.found, why: whyOf(look, changes) })),
  };
}

type ChangesOf = (miss: Miss) => readonly Why[];

/** Looks back only where something is missing: for that, whole directories are read. */
async function changesOf(
  looks: readonly ServiceLook[],
  { cacheDir, specPath, secretValues }: CachePlan,
  { explain = explainMisses, signal }: InspectOptions,
): Promise<ChangesOf> {
  const misses = looks.flatMap(({ images }) => images.flatMap(({ miss }) => miss ?? []));
  if (misses.length === 0) return () => [];
  const asked: PlanMisses = { cacheDir: cacheDir.path, specPath, secretValues, misses };
  const answers = await explain(asked, signal);
  const byMiss = new Map(misses.map((miss, index) => [miss, answers[index] ?? []]));
  return (miss) => byMiss.get(miss) ?? [];
}

/** Services share images: each is looked at once, so that all are told the same. */
function oncePerImage(judge: Judge): Judge {
  const known = new Map<string, Commitment>();
  return (artifact, bytes) => {
    const last = known.get(artifact.path);
    if (last) return last;
    const commitment = judge(artifact, bytes);
    known.set(artifact.path, commitment);
    return commitment;
  };
}

const MOUNTS_NOTE = 'this service rebuilds on prepare because prepare.mounts are present';

interface Inspection {
  readonly plan: CachePlan;
  readonly bytes: BytesReader;
  readonly judge: Judge;
}

/** One service as it was found, before anybody asks what changed. */
interface ServiceLook {
  readonly service: ServicePlan;
  readonly found: Omit<InspectService, 'why'>;
  readonly localPresent: boolean;
  /** Prepared image first: it is the one that a job starts from. */
  readonly images: readonly ImageLook[];
}

interface ImageLook {
  readonly artifact: ImageArtifact;
  readonly commitment: Commitment;
  /** Set when the image was never built under its key. */
  readonly miss?: Miss;
}

function lookAt(service: ServicePlan, inspection: Inspection): ServiceLook {
  const { plan, bytes, judge } = inspection;
  const base = service.base && judge(service.base, bytes);
  const prepared = service.prepared && judge(service.prepared, bytes);
  const runtime = prepared ?? base;
  const localPresent = isThere(service.runtimePath, runtime);
  const found = {
    service_name: service.name,
    source_image: secretMask(plan.secretValues)(service.sourceImage),
    base_registry: service.source.kind === 'remote' ? service.source.registry : null,
    base_artifact: service.base && base ? describe(service.base.path, base, inspection) : null,
    runtime_artifact: describe(service.runtimePath, runtime, inspection),
    current_reuse_expectation: expectationOf(service, runtime, localPresent),
    note: service.prepare?.forceRebuild ? MOUNTS_NOTE : null,
  };
  const images = [
    ...imageLook(service.name, service.prepared, prepared, service.preparedInputs),
    ...imageLook(service.name, service.base, base, service.baseInputs),
  ];
  return { service, found, localPresent, images: service.source.kind === 'host' ? [] : images };
}

function imageLook(
  service: string,
  artifact: ImageArtifact | undefined,
  commitment: Commitment | undefined,
  inputs: readonly KeyInput[],
): ImageLook[] {
  if (!artifact || !commitment) return [];
  const isAbsent = !commitment.committed && commitment.reason === 'absent';
  return [{ artifact, commitment, ...(isAbsent ? { miss: { service, artifact, inputs } } : {}) }];
}

function describe(path: string, commitment: Commitment | undefined, inspection: Inspection): InspectArtifact {
  return {
    path,
    artifact_present: isThere(path, commitment),
    manifest_path: path === '' ? 'artifact.sqsh.json' : `${path}.json`,
    manifest: commitment?.manifest
      ? maskManifest(commitment.manifest, inspection.plan.secretValues)
      : manifestBeside(path, inspection),
  };
}

/** A local image may lie inside a cache and have a manifest; hpc-compose shows it. */
function manifestBeside(path: string, { plan, bytes }: Inspection): Manifest | null {
  if (path === '') return null;
  const found = commitmentOf(
    { kind: 'prepared', path, manifestPath: `${path}.json`, key: '' },
    bytes,
  ).manifest;
  return found ? maskManifest(found, plan.secretValues) : null;
}

/** What is committed is there. */
function isThere(path: string, commitment: Commitment | undefined): boolean {
  return path !== '' && (commitment?.committed === true || fs.existsSync(path));
}

function expectationOf(
  service: ServicePlan,
  runtime: Commitment | undefined,
  localPresent: boolean,
): ReuseExpectation {
  if (service.source.kind === 'host') return 'host runtime';
  if (service.prepare?.forceRebuild) return 'rebuild on prepare';
  if (runtime) return runtime.committed ? 'cache hit' : 'cache miss';
  return localPresent ? 'local image present' : 'local image missing';
}

function whyOf({ service, found, localPresent, images }: ServiceLook, changes: ChangesOf): Why[] {
  if (service.source.kind === 'host') return [];
  const why: Why[] = [];
  if (service.source.kind !== 'remote' && !localPresent)
    why.push({ reason: `the local image ${found.source_image} does not exist` });
  if (service.prepare?.forceRebuild)
    why.push({ reason: 'prepare.mounts are present: every prepare builds this image again' });
  for (const image of images) {
    const reasons = reasonsOf(image, changes);
    why.push(...(service.prepared && image.artifact.kind === 'base' ? reasons.map(ofBase) : reasons));
  }
  return why;
}

function ofBase(why: Why): Why {
  return 'reason' in why
    ? { reason: `base image: ${why.reason}` }
    : { ...why, input: `base image: ${why.input}` };
}

function reasonsOf({ commitment, miss }: ImageLook, changes: ChangesOf): readonly Why[] {
  if (commitment.committed) return [];
  if (!miss) return [{ reason: commitment.problem }];
  const changed = changes(miss);
  return changed.length > 0 ? changed : [{ reason: 'never built in this cache' }];
}
