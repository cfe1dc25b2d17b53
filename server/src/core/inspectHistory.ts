// Finds the last build of a service's image under another key and says input by input what changed since.
// Looks first among the artifacts recorded for this very spec, then among images with the same service name.
import path from 'node:path';
import type { Manifest, Why } from '../model/cache.ts';
import type { CachePlan, ImageArtifact, KeyInput } from '../model/plan.ts';
import { namesIn } from './diskUsage.ts';
import { readInputs } from './inputs.ts';
import { inputsOfManifest } from './manifestInputs.ts';
import { createBytesReader, readEntryManifest } from './manifestFile.ts';
import { artifactsOf } from './registry.ts';
import { restEvery } from './restEvery.ts';

/** An image that was never built under its key, for one service that needs it. */
export interface Miss {
  readonly service: string;
  readonly artifact: ImageArtifact;
  readonly inputs: readonly KeyInput[];
}

/** Misses of one plan, with what is needed to look for earlier builds: a plain value, which can be sent to another thread. */
export interface PlanMisses extends Pick<CachePlan, 'specPath' | 'secretValues'> {
  readonly cacheDir: string;
  readonly misses: readonly Miss[];
}

interface Build {
  readonly path: string;
  readonly manifest: Manifest;
}

/**
 * What changed since the last build of each image, in the order of the misses; empty where no build is known. Reads whole
 * directories in one piece, and rests between misses. Throws the signal's reason.
 */
export async function explainMisses(asked: PlanMisses, signal?: AbortSignal): Promise<Why[][]> {
  const readBuild = buildReader();
  const recorded = artifactsOf(asked.cacheDir, asked.specPath)
    .map(readBuild)
    .filter((build) => build !== undefined);
  const sameNamed = createSameNamed(asked.misses, readBuild);
  const rest = restEvery();
  const answers: Why[][] = [];
  for (const miss of asked.misses) {
    const before =
      latest(recorded.filter((build) => isEarlierBuild(build, miss))) ?? sameNamed(miss.artifact);
    answers.push(before ? changesSince(before, miss, asked) : []);
    if (rest.isDue()) await rest.take(signal);
  }
  return answers;
}

function changesSince(before: Build, miss: Miss, asked: PlanMisses): Why[] {
  const changes = changesOf(before, miss, asked);
  return changes.length > 0 ? changes : [{ reason: `built before as ${path.basename(before.path)}` }];
}

type ReadBuild = (artifactPath: string) => Build | undefined;

function buildReader(): ReadBuild {
  const bytes = createBytesReader();
  return (artifactPath) => {
    const read = readEntryManifest(`${artifactPath}.json`, bytes);
    return read && 'manifest' in read ? { path: artifactPath, manifest: read.manifest } : undefined;
  };
}

function isEarlierBuild({ manifest }: Build, { service, artifact }: Miss): boolean {
  return (
    manifest.kind === artifact.kind &&
    manifest.cache_key !== artifact.key &&
    manifest.service_names.includes(service)
  );
}

/** The latest image whose file name differs in the key alone. Services share images: each is looked for once. */
function createSameNamed(misses: readonly Miss[], readBuild: ReadBuild) {
  const wanted = new Set(misses.map(({ artifact }) => suffixOf(artifact)));
  const directories = new Map<string, Map<string, string[]>>();
  const found = new Map<string, Build | undefined>();
  const listed = (directory: string) => {
    let names = directories.get(directory);
    if (!names) directories.set(directory, (names = namesBySuffix(directory, wanted)));
    return names;
  };
  return (artifact: ImageArtifact): Build | undefined => {
    if (found.has(artifact.path)) return found.get(artifact.path);
    const directory = path.dirname(artifact.path);
    const names = listed(directory).get(suffixOf(artifact)) ?? [];
    const build = latest(
      names
        .map((name) => path.join(directory, name.slice(0, -'.json'.length)))
        .filter((file) => file !== artifact.path)
        .map(readBuild)
        .filter((other) => other !== undefined),
    );
    found.set(artifact.path, build);
    return build;
  };
}

const KEY_DIGITS = 16;

/** What follows the digits of the key in a manifest's name: the service's token and the extension. */
function suffixOf({ path: file }: ImageArtifact): string {
  return `${path.basename(file)}.json`.slice(KEY_DIGITS);
}

function namesBySuffix(directory: string, wanted: ReadonlySet<string>): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const name of namesIn(directory)) {
    if (!name.endsWith('.json')) continue;
    const suffix = name.slice(KEY_DIGITS);
    if (!wanted.has(suffix)) continue;
    const same = names.get(suffix);
    if (same) same.push(name);
    else names.set(suffix, [name]);
  }
  return names;
}

function latest(builds: readonly Build[]): Build | undefined {
  return builds.toSorted((a, b) => b.manifest.last_used_at - a.manifest.last_used_at)[0];
}

/** Our own record knows every input; a manifest (also of another tool) knows most of them. */
function changesOf(before: Build, { inputs: after }: Miss, { cacheDir, secretValues }: PlanMisses): Why[] {
  const recorded = readInputs(cacheDir, before.path);
  if (recorded?.cache_key === before.manifest.cache_key) return compare(recorded.inputs, after);
  const told = inputsOfManifest(before.manifest, secretValues);
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
