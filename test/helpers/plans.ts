// Plans made by hand, for tests of the core: keys are real hashes of what is given, so that equal inputs share an image.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type {
  Backend,
  CachePlan,
  ImageArtifact,
  ImageSource,
  PreparePlan,
  ServicePlan,
} from '../../server/src/model/plan.ts';

export interface ServiceSketch {
  readonly name: string;
  /** Remote reference without scheme, or an absolute path of a local image. */
  readonly image: string;
  readonly prepare?: Partial<PreparePlan>;
}

export interface PlanSketch {
  readonly cacheDir: string;
  readonly services: readonly ServiceSketch[];
  readonly backend?: Backend;
  readonly tool?: string;
  readonly secretValues?: readonly string[];
  readonly enrootTempDir?: string;
  readonly toolVersion?: string;
}

/** The stand-in for enroot. */
export const STAND_IN = join(import.meta.dirname, 'enroot/enroot.mjs');

/** A plan for the given services; tools are the stand-in unless `tool` names another program. */
export function planOf(sketch: PlanSketch): CachePlan {
  const tool = sketch.tool ?? STAND_IN;
  return {
    specPath: join(sketch.cacheDir, '../compose.yaml'),
    projectDir: join(sketch.cacheDir, '..'),
    backend: sketch.backend ?? 'pyxis',
    cacheDir: { path: sketch.cacheDir, source: 'spec' },
    toolVersion: sketch.toolVersion ?? '0.2.3',
    services: sketch.services.map((service) => serviceOf(service, sketch)),
    stagedInputs: [],
    secretValues: sketch.secretValues ?? [],
    binaries: { enroot: tool, apptainer: tool, singularity: tool },
    ...(sketch.enrootTempDir === undefined ? {} : { enrootTempDir: sketch.enrootTempDir }),
  };
}

function serviceOf(service: ServiceSketch, sketch: PlanSketch): ServicePlan {
  const backend = sketch.backend ?? 'pyxis';
  const extension = backend === 'pyxis' ? 'sqsh' : 'sif';
  const source = sourceOf(service.image, extension);
  const sourceImage =
    source.kind === 'remote' ? source.reference : source.kind === 'host' ? 'host' : source.path;
  const label = (sourceImage.split('/').at(-1) ?? '').replace(/[^A-Za-z0-9_-]/g, '-');
  const base =
    source.kind === 'remote'
      ? artifactOf('base', label, ['base', sourceImage], extension, sketch)
      : undefined;
  const prepare = service.prepare && wholePrepare(service.prepare);
  const token = service.name.replace(/[^A-Za-z0-9_-]/gu, '_');
  const parts = ['prepared', backend, sourceImage, JSON.stringify(prepare)];
  const prepared = prepare && artifactOf('prepared', token, parts, extension, sketch);
  const local = source.kind === 'remote' || source.kind === 'host' ? '' : source.path;
  return {
    name: service.name,
    source,
    sourceImage,
    ...(base ? { base } : {}),
    ...(prepared ? { prepared, prepare } : {}),
    runtimePath: prepared?.path ?? base?.path ?? local,
    baseInputs: [],
    preparedInputs: [],
  };
}

function sourceOf(image: string, extension: string): ImageSource {
  if (image.startsWith('/')) return { kind: extension === 'sif' ? 'local-sif' : 'local-sqsh', path: image };
  return { kind: 'remote', reference: `docker://${image}`, registry: 'registry-1.docker.io' };
}

function wholePrepare(given: Partial<PreparePlan>): PreparePlan {
  const mounts = given.mounts ?? [];
  return { commands: ['true'], env: [], root: true, ...given, mounts, forceRebuild: mounts.length > 0 };
}

function artifactOf(
  kind: 'base' | 'prepared',
  label: string,
  parts: readonly string[],
  extension: string,
  sketch: PlanSketch,
): ImageArtifact {
  const hash = createHash('sha256');
  for (const part of [...parts, sketch.toolVersion ?? '0.2.3']) hash.update(part).update('\0');
  const key = hash.digest('hex');
  const path = join(sketch.cacheDir, kind, `${key.slice(0, 16)}-${label}.${extension}`);
  return { kind, path, manifestPath: `${path}.json`, key };
}
