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
import type { CachePlan, ImageArtifact, ServicePlan } from '../model/plan.ts';
import { commitmentOf, type Commitment } from './commitment.ts';
import type { Judge } from './commitmentMemory.ts';
import { createHistory, type History } from './inspectHistory.ts';
import { createBytesReader, type BytesReader } from './manifestFile.ts';
import { maskManifest } from './maskEntries.ts';
import type { Ports } from './ports.ts';
import { restEvery } from './restEvery.ts';

export interface InspectOptions {
  /** Limits it to one name; an unknown name gives no services. */
  readonly service?: string;
  /** Says of images whether they are committed. */
  readonly judge?: Judge;
  readonly signal?: AbortSignal;
}

/** What a plan finds in its cache, in plan order. Throws the reason of the signal. */
export async function inspectPlan(
  plan: CachePlan,
  _ports: Pick<Ports, 'now'>,
  options: InspectOptions = {},
): Promise<InspectResult> {
  const bytes = createBytesReader();
  const inspection = {
    plan,
    bytes,
    history: createHistory(plan, bytes),
    judge: oncePerImage(options.judge ?? commitmentOf),
  };
  const services: InspectService[] = [];
  const rest = restEvery();
  for (const service of plan.services) {
    if (options.service !== undefined && service.name !== options.service) continue;
    services.push(inspectService(service, inspection));
    if (rest.isDue()) await rest.take(options.signal);
  }
  return { schema_version: 1, cache_dir: plan.cacheDir.path, services };
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
  readonly history: History;
  readonly judge: Judge;
}

function inspectService(service: ServicePlan, inspection: Inspection): InspectService {
  const { plan, bytes, history, judge } = inspection;
  const base = service.base && judge(service.base, bytes);
  const prepared = service.prepared && judge(service.prepared, bytes);
  const runtime = prepared ?? base;
  const localPresent = isThere(service.runtimePath, runtime);
  const shown = secretMask(plan.secretValues)(service.sourceImage);
  return {
    service_name: service.name,
    source_image: shown,
    base_registry: service.source.kind === 'remote' ? service.source.registry : null,
    base_artifact: service.base && base ? describe(service.base.path, base, inspection) : null,
    runtime_artifact: describe(service.runtimePath, runtime, inspection),
    current_reuse_expectation: expectationOf(service, runtime, localPresent),
    note: service.prepare?.forceRebuild ? MOUNTS_NOTE : null,
    why: whyOf({ ...service, sourceImage: shown }, { base, prepared, localPresent }, history),
  };
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

interface Findings {
  readonly base: Commitment | undefined;
  readonly prepared: Commitment | undefined;
  readonly localPresent: boolean;
}

function whyOf(service: ServicePlan, { base, prepared, localPresent }: Findings, history: History): Why[] {
  if (service.source.kind === 'host') return [];
  const why: Why[] = [];
  if (service.source.kind !== 'remote' && !localPresent)
    why.push({ reason: `the local image ${service.sourceImage} does not exist` });
  if (service.prepare?.forceRebuild)
    why.push({ reason: 'prepare.mounts are present: every prepare builds this image again' });
  if (service.prepared && prepared) why.push(...missReasons(service, service.prepared, prepared, history));
  if (service.base && base) {
    const reasons = missReasons(service, service.base, base, history);
    why.push(...(service.prepared ? reasons.map(ofBase) : reasons));
  }
  return why;
}

function ofBase(why: Why): Why {
  return 'reason' in why
    ? { reason: `base image: ${why.reason}` }
    : { ...why, input: `base image: ${why.input}` };
}

function missReasons(
  service: ServicePlan,
  artifact: ImageArtifact,
  commitment: Commitment,
  history: History,
): Why[] {
  if (commitment.committed) return [];
  if (commitment.reason !== 'absent') return [{ reason: commitment.problem }];
  const changed = history.changesSince(service, artifact);
  return changed.length > 0 ? changed : [{ reason: 'never built in this cache' }];
}
