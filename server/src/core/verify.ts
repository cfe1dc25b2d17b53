// Checks committed images against what is known of them, and adopts entries of a cache that was moved.
import path from 'node:path';
import type { ListProblem, Manifest } from '../model/cache.ts';
import { isStagedKind } from './cacheNames.ts';
import { imageDamage, isSamePlace } from './committed.ts';
import { lstatOrNothing } from './diskUsage.ts';
import { readInputs } from './inputs.ts';
import { withBuildLock, withManifestLock, type LockPorts } from './locks.ts';
import { readManifest, writeManifest } from './manifest.ts';
import { isDamaged, scanCache, type ScanResult } from './scan.ts';

export interface VerifyResult {
  readonly schema_version: 1;
  readonly cache_dir: string;
  readonly checked: number;
  readonly problems: ListProblem[];
}

type Wanted = (artifactPath: string) => boolean;

/** Looks at every entry (or the wanted ones): manifest, kind of file, header and recorded size. Changes nothing. */
export function verifyCache(
  cacheDir: string,
  ports: Pick<LockPorts, 'files'>,
  wanted: Wanted = () => true,
): VerifyResult {
  const problems: ListProblem[] = [];
  let checked = 0;
  const options = { onProblem: (problem: ListProblem) => void problems.push(problem) };
  for (const entry of scanCache(cacheDir, options)) {
    if (!wanted(entry.artifactPath)) continue;
    checked += 1;
    const problem = problemOf(entry, cacheDir, ports);
    if (problem !== undefined) problems.push({ path: entry.artifactPath, problem });
  }
  return { schema_version: 1, cache_dir: cacheDir, checked, problems };
}

function problemOf(
  entry: ScanResult,
  cacheDir: string,
  { files }: Pick<LockPorts, 'files'>,
): string | undefined {
  if (isDamaged(entry)) return entry.problem;
  const { artifactPath, manifest } = entry;
  const stat = lstatOrNothing(artifactPath);
  if (!stat) return 'the image is missing';
  if (isStagedKind(manifest.kind))
    return stat.isDirectory() ? undefined : 'the staged directory is no directory';
  if (!stat.isFile()) return 'what stands there is no regular file';
  if (!isSamePlace(manifest.artifact_path, artifactPath, files))
    return `it is recorded at ${manifest.artifact_path}; \`cache adopt\` makes it a hit here`;
  return damageOf(cacheDir, artifactPath, manifest, stat.size, { files });
}

/** What tells that an image is not whole: its size when it was written, its own header. */
function damageOf(
  cacheDir: string,
  artifactPath: string,
  { cache_key }: Manifest,
  size: number,
  { files }: Pick<LockPorts, 'files'>,
): string | undefined {
  const recorded = readInputs(cacheDir, artifactPath);
  if (recorded?.cache_key === cache_key && recorded.size !== null && recorded.size !== size)
    return `the image has ${size} bytes, ${recorded.size} were written`;
  try {
    return imageDamage(artifactPath, size, files);
  } catch (error) {
    return `the image cannot be read: ${String(error)}`;
  }
}

export interface AdoptResult {
  readonly schema_version: 1;
  readonly cache_dir: string;
  readonly adopted: string[];
  readonly skipped: { path: string; why: string }[];
}

/**
 * Writes the present place of moved images into their manifests, each under its locks, so that they are hits again.
 * Everything else in the manifest stays.
 */
export async function adoptEntries(
  cacheDir: string,
  ports: LockPorts,
  wanted: Wanted = () => true,
): Promise<AdoptResult> {
  const absolute = path.resolve(cacheDir);
  const adopted: string[] = [];
  const skipped: { path: string; why: string }[] = [];
  for (const entry of [...scanCache(absolute, { onProblem: () => undefined })]) {
    if (!wanted(entry.artifactPath)) continue;
    const why = isDamaged(entry)
      ? entry.problem
      : await adoptOne(absolute, entry.artifactPath, entry.manifest, ports);
    if (why === undefined) adopted.push(entry.artifactPath);
    else if (why !== '') skipped.push({ path: entry.artifactPath, why });
  }
  return { schema_version: 1, cache_dir: cacheDir, adopted, skipped };
}

/** Gives why it was left; the empty string when there is nothing to adopt. */
async function adoptOne(
  cacheDir: string,
  artifactPath: string,
  seen: Manifest,
  ports: LockPorts,
): Promise<string | undefined> {
  if (isStagedKind(seen.kind) || isSamePlace(seen.artifact_path, artifactPath, ports.files)) return '';
  const stat = lstatOrNothing(artifactPath);
  if (!stat?.isFile()) return 'the image is missing';
  if (!path.basename(artifactPath).startsWith(`${seen.cache_key.slice(0, 16)}-`))
    return 'its file name does not belong to its key';
  const damage = damageOf(cacheDir, artifactPath, seen, stat.size, ports);
  if (damage !== undefined) return damage;
  return await withBuildLock(artifactPath, { timeoutMs: 5000 }, ports, () =>
    withManifestLock(artifactPath, {}, ports, async () => {
      const manifest = readManifest(artifactPath, ports.files);
      if (manifest?.cache_key !== seen.cache_key) return 'it changed meanwhile';
      await writeManifest(`${artifactPath}.json`, { ...manifest, artifact_path: artifactPath }, ports.files);
      return undefined;
    }),
  );
}
