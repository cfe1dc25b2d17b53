// The state of one cache directory as a value: every entry with its size on disk, what is wrong with it, and who uses it.
// Reads only; a damaged entry is part of the answer, never a failure.
import fs from 'node:fs';
import path from 'node:path';
import type { CacheEntry, CacheState, CacheSummary, ListProblem } from '../model/cache.ts';
import { uncommittedImages, type CacheDirectory } from './cacheDirectory.ts';
import { diskUsage } from './diskUsage.ts';
import { emptyManifest } from './emptyManifest.ts';
import { lookAtEntry, orphanEntry, surroundingsOf, type Surroundings } from './entryState.ts';
import { maskManifest } from './maskEntries.ts';
import type { Ports } from './ports.ts';
import { isDamaged, scanCache, type ScanResult } from './scan.ts';

/** The state of a cache directory. A missing one exists: false; nothing is made. Secret values are masked. */
export function listCache(cacheDir: string, _ports: Pick<Ports, 'now'>): Promise<CacheState> {
  return Promise.resolve().then(() => readCacheState(cacheDir));
}

/** listCache in one piece, for the shell. */
export function readCacheState(cacheDir: string): CacheState {
  const around = surroundingsOf(cacheDir);
  const problems: ListProblem[] = [];
  const orphans: CacheEntry[] = [];
  const entries: CacheEntry[] = [];
  const options = {
    onProblem: (problem: ListProblem) => void problems.push(problem),
    onContents: (directory: string, contents: CacheDirectory) =>
      void orphans.push(...orphanEntries(directory, contents, around)),
  };
  for (const scanned of scanCache(cacheDir, options)) {
    if (isDamaged(scanned)) problems.push({ path: scanned.manifestPath, problem: scanned.problem });
    entries.push(entryOf(scanned, around));
  }
  entries.push(...orphans);
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  return { ...summaryOf(cacheDir, problems, { entries: entries.length, bytes }), entries };
}

/** Everything that a state says beside its entries. */
export function summaryOf(
  cacheDir: string,
  problems: ListProblem[],
  sums: { readonly entries: number; readonly bytes: number },
): CacheSummary {
  return {
    schema_version: 1,
    cache_dir: cacheDir,
    exists: fs.existsSync(cacheDir),
    problems,
    totals: { ...sums, ...housekeepingTotals(cacheDir) },
    free_bytes: freeBytes(cacheDir),
  };
}

/** One entry as found by a scan. */
export function entryOf(scanned: ScanResult, around: Surroundings): CacheEntry {
  const { artifactPath } = scanned;
  if (isDamaged(scanned)) {
    const look = lookAtEntry(artifactPath, { problem: scanned.problem }, around);
    return { ...emptyManifest(scanned.kind, artifactPath), ...look };
  }
  const look = lookAtEntry(artifactPath, scanned.manifest, around);
  const mask = around.mask(artifactPath) ?? maskManifest;
  return { ...mask(scanned.manifest), artifact_path: artifactPath, ...look };
}

/** Images in base/ and prepared/ that no manifest commits. */
export function orphanEntries(
  directory: string,
  contents: CacheDirectory,
  around: Surroundings,
): CacheEntry[] {
  const { kind, names } = uncommittedImages(directory, contents);
  return names
    .map((name) => orphanEntry(`${directory}/${name}`, kind, around))
    .filter((entry) => entry !== undefined);
}

/** What tools keep in the cache beside entries: image layers and job stores. */
function housekeepingTotals(cacheDir: string): { layer_bytes: number; runtime_bytes: number } {
  return {
    layer_bytes: diskUsage(path.join(cacheDir, 'enroot', 'cache')),
    runtime_bytes: diskUsage(path.join(cacheDir, 'runtime')),
  };
}

/** Bytes free to this user on the file system of a path, or null. */
function freeBytes(directory: string): number | null {
  try {
    const { bavail, bsize } = fs.statfsSync(directory);
    return bavail * bsize;
  } catch {
    return null;
  }
}
