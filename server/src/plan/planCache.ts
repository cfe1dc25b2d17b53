// Resolved spec and settings -> what is asked of the cache (cache contract, sections 1 to 3). Pure: fingerprints of local images
// are handed in. Services that break a rule are left out, so that a lens can still show the others.
import { joinPath } from '../model/paths.ts';
import type {
  Backend,
  CacheDirChoice,
  CachePlan,
  ImageArtifact,
  ImageSource,
  ServicePlan,
} from '../model/plan.ts';
import { stringOf, valueAt, valueOf, type MapNode, type SpecNode } from '../spec/node.ts';
import type { ResolvedSpec } from '../spec/resolve.ts';
import { chooseCacheDir } from './cacheDir.ts';
import { readImage } from './imageReference.ts';
import { baseInputs, preparedInputs } from './keyInputs.ts';
import { baseFileName, baseKey, preparedFileName, preparedKey } from './keys.ts';
import type { PathBase } from './normalise.ts';
import { readPrepare } from './preparePlan.ts';
import { orderServices } from './serviceOrder.ts';
import type { SelectedSettings } from './settings.ts';
import { readStagedInputs } from './stagedInputs.ts';

export interface PlanContext extends PathBase {
  /** Absolute path of the spec as given, or its document URI. */
  readonly specPath: string;
  readonly settings: SelectedSettings | undefined;
  readonly toolVersion: string;
  /** `sha256:…` of a local image file by absolute path; asked only for services with a prepare block. */
  readonly fingerprint: (path: string) => string;
  /** Overrides every other choice (`--cache-dir`). */
  readonly cacheDir?: CacheDirChoice;
}

/** The plan of one resolved spec, one service a step, so that others may run between them. */
export function* planCache(resolved: ResolvedSpec, context: PlanContext): Generator<void, CachePlan, void> {
  const root = resolved.root;
  const backend = backendOf(root);
  const cacheDir = context.cacheDir ?? cacheDirOf(root, context);
  const services = servicesOf(root);
  const secretValues = new Set(resolved.secretValues);
  const planner = { backend, cacheDir: cacheDir.path, context, secretValues };
  const plans: ServicePlan[] = [];
  for (const name of orderServices(services)) {
    plans.push(...planService(name, services.get(name), planner));
    yield;
  }
  return {
    specPath: context.specPath,
    projectDir: context.projectDir,
    backend,
    cacheDir,
    ...enrootTempDirOf(root, context.settings),
    toolVersion: context.toolVersion,
    services: plans,
    stagedInputs: readStagedInputs(root, cacheDir.path),
    secretValues: resolved.secretValues,
    binaries: binariesOf(context.settings),
  };
}

/** The effective cache directory of a resolved root. */
export function cacheDirOf(
  root: SpecNode | undefined,
  context: PathBase & { readonly settings: SelectedSettings | undefined },
): CacheDirChoice {
  return chooseCacheDir(stringOf(valueAt(root, 'x-slurm', 'cache_dir')), context, context.settings);
}

interface Planner {
  readonly backend: Backend;
  readonly cacheDir: string;
  readonly context: PlanContext;
  readonly secretValues: ReadonlySet<string>;
}

function planService(name: string, service: SpecNode | undefined, planner: Planner): ServicePlan[] {
  if (service?.kind !== 'map') return [];
  const image = readImage(stringOf(valueOf(service, 'image')), planner.backend, planner.context);
  if (!image.ok) return [];
  const { source } = image;
  const prepare = source.kind === 'host' ? undefined : readPrepare(service, planner.context);
  const base = source.kind === 'remote' ? planBase(source.reference, planner) : undefined;
  const prepared = prepare && planPrepared(name, source, prepare, planner);
  return [
    {
      name,
      source,
      sourceImage: sourceImageOf(source),
      ...(base ? { base: base.artifact } : {}),
      ...(prepared ? { prepared: prepared.artifact } : {}),
      ...(prepare ? { prepare } : {}),
      runtimePath: prepared?.artifact.path ?? base?.artifact.path ?? localPathOf(source),
      baseInputs: base?.inputs ?? [],
      preparedInputs: prepared?.inputs ?? [],
    },
  ];
}

function planBase(reference: string, { backend, cacheDir, context, secretValues }: Planner) {
  const key = baseKey(reference, context.toolVersion);
  const file = baseFileName(key, reference, backend);
  return {
    artifact: artifactAt('base', joinPath(cacheDir, `base/${file}`), key),
    inputs: baseInputs(reference, context.toolVersion, secretValues),
  };
}

function planPrepared(
  name: string,
  source: ImageSource,
  prepare: NonNullable<ServicePlan['prepare']>,
  { backend, cacheDir, context, secretValues }: Planner,
) {
  const path = localPathOf(source);
  const fingerprint = path === '' ? undefined : context.fingerprint(path);
  const { toolVersion } = context;
  const local = fingerprint === undefined ? {} : { fingerprint };
  const key = preparedKey({ toolVersion, backend, source, prepare, ...local });
  const file = preparedFileName(key, name, source, backend);
  return {
    artifact: artifactAt('prepared', joinPath(cacheDir, `prepared/${file}`), key),
    inputs: preparedInputs({ source, fingerprint, backend, toolVersion, prepare, secretValues }),
  };
}

function artifactAt(kind: ImageArtifact['kind'], path: string, key: string): ImageArtifact {
  return { kind, path, manifestPath: `${path}.json`, key };
}

function sourceImageOf(source: ImageSource): string {
  return source.kind === 'remote' ? source.reference : source.kind === 'host' ? 'host' : source.path;
}

function localPathOf(source: ImageSource): string {
  return source.kind === 'local-sqsh' || source.kind === 'local-sif' ? source.path : '';
}

const BACKENDS: readonly Backend[] = ['pyxis', 'apptainer', 'singularity', 'host'];

function backendOf(root: SpecNode | undefined): Backend {
  const word = stringOf(valueAt(root, 'runtime', 'backend'));
  return BACKENDS.find((backend) => backend === word) ?? 'pyxis';
}

function servicesOf(root: MapNode | undefined): ReadonlyMap<string, SpecNode> {
  const services = valueOf(root, 'services');
  const pairs = services?.kind === 'map' ? services.pairs : [];
  return new Map(pairs.map(({ key, value }) => [String(key.value), value]));
}

function enrootTempDirOf(
  root: SpecNode | undefined,
  settings: SelectedSettings | undefined,
): { enrootTempDir?: string } {
  const value =
    stringOf(valueAt(root, 'x-slurm', 'enroot_temp_dir')) ??
    settings?.profile?.enrootTempDir ??
    settings?.settings.defaults.enrootTempDir;
  return value === undefined ? {} : { enrootTempDir: value };
}

function binariesOf(settings: SelectedSettings | undefined): CachePlan['binaries'] {
  return { ...settings?.settings.defaults.binaries, ...settings?.profile?.binaries };
}
