// Finds the last build of a service's image under another key and says input by input what changed since.
// Looks first among the artifacts recorded for this very spec, then among images with the same service name.
import path from 'node:path';
import type { Manifest, Why } from '../model/cache.ts';
import type { CachePlan, ImageArtifact, KeyInput, ServicePlan } from '../model/plan.ts';
import { namesIn } from './diskUsage.ts';
import { readInputs } from './inputs.ts';
import { inputsOfManifest } from './manifestInputs.ts';
import { readEntryManifest, type BytesReader } from './manifestFile.ts';
import { artifactsOf } from './registry.ts';

export interface History {
  /** What changed since the last build of this service's image of that kind; empty when none is known. */
  changesSince(service: ServicePlan, artifact: ImageArtifact): Why[];
}

interface Build {
  readonly path: string;
  readonly manifest: Manifest;
}

/** History of the services of one plan. The cache is read by `bytes` at the first question, once. */
export function createHistory(plan: CachePlan, bytes: BytesReader): History {
  const readBuild = (artifactPath: string): Build | undefined => {
    const read = readEntryManifest(`${artifactPath}.json`, bytes);
    return read && 'manifest' in read ? { path: artifactPath, manifest: read.manifest } : undefined;
  };
  let builds: Build[] | undefined;
  const directories = new Map<string, Map<string, string[]>>();
  const recorded = () => (builds ??= recordedBuilds(plan, readBuild));
  const listed = (directory: string) => {
    let names = directories.get(directory);
    if (!names) directories.set(directory, (names = namesBySuffix(directory)));
    return names;
  };
  return {
    changesSince: (service, artifact) => {
      const before =
        latest(recorded().filter((build) => isEarlierBuild(build, service, artifact))) ??
        latest(sameNamed(artifact, listed(path.dirname(artifact.path)), readBuild));
      if (!before) return [];
      const changes = changesOf(before, service, artifact, plan);
      return changes.length > 0 ? changes : [{ reason: `built before as ${path.basename(before.path)}` }];
    },
  };
}

type ReadBuild = (artifactPath: string) => Build | undefined;

function recordedBuilds(plan: CachePlan, readBuild: ReadBuild): Build[] {
  return artifactsOf(plan.cacheDir.path, plan.specPath)
    .map(readBuild)
    .filter((build) => build !== undefined);
}

function isEarlierBuild({ manifest }: Build, service: ServicePlan, artifact: ImageArtifact): boolean {
  return (
    manifest.kind === artifact.kind &&
    manifest.cache_key !== artifact.key &&
    manifest.service_names.includes(service.name)
  );
}

/** File names by what follows the 16 digits of the key: the service's token and the extension. */
function namesBySuffix(directory: string): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const name of namesIn(directory)) {
    if (!name.endsWith('.json')) continue;
    const suffix = name.slice(16);
    const same = names.get(suffix);
    if (same) same.push(name);
    else names.set(suffix, [name]);
  }
  return names;
}

function sameNamed(
  artifact: ImageArtifact,
  names: ReadonlyMap<string, string[]>,
  readBuild: ReadBuild,
): Build[] {
  const own = `${path.basename(artifact.path)}.json`;
  return (names.get(own.slice(16)) ?? [])
    .filter((name) => name !== own)
    .map((name) => readBuild(path.join(path.dirname(artifact.path), name.slice(0, -'.json'.length))))
    .filter((build) => build !== undefined);
}

function latest(builds: readonly Build[]): Build | undefined {
  return builds.toSorted((a, b) => b.manifest.last_used_at - a.manifest.last_used_at)[0];
}

/** Our own record knows every input; a manifest (also of another tool) knows most of them. */
function changesOf(before: Build, service: ServicePlan, artifact: ImageArtifact, plan: CachePlan): Why[] {
  const after = artifact.kind === 'base' ? service.baseInputs : service.preparedInputs;
  const recorded = readInputs(plan.cacheDir.path, before.path);
  if (recorded?.cache_key === before.manifest.cache_key) return compare(recorded.inputs, after);
  const told = inputsOfManifest(before.manifest, plan.secretValues);
  const unknown = ['backend', 'image content'];
  return compare(
    told,
    after.filter(({ input }) => !unknown.includes(input)),
  );
}

/** Pairs inputs of the same name in order; what stands on one side only is compared with nothing. */
function compare(before: readonly KeyInput[], after: readonly KeyInput[]): Why[] {
  const names = [...new Set([...after, ...before].map(({ input }) => input))];
  return names.flatMap((input) => {
    const old = before.filter((item) => item.input === input);
    const now = after.filter((item) => item.input === input);
    const count = Math.max(old.length, now.length);
    return Array.from({ length: count }, (_, index) => difference(input, old[index], now[index])).flat();
  });
}

function difference(input: string, old: KeyInput | undefined, now: KeyInput | undefined): Why[] {
  if (old?.value === now?.value) return [];
  return [{ input, before: old?.value ?? '(none)', after: now?.value ?? '(none)' }];
}
