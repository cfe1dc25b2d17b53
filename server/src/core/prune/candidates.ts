// What a prune may choose from: entries of a cache with the identity that a plan remembers and the bytes that would be freed.
import fs from 'node:fs';
import path from 'node:path';
import { uncommittedImages, type CacheDirectory } from '../cacheDirectory.ts';
import type { EntryKind, Manifest, PrunePlanEntry } from '../../model/cache.ts';
import { isCacheFolder, isStagedKind, isStagedSidecar, manifestOfArtifact } from '../cacheNames.ts';
import { diskUsage } from '../diskUsage.ts';
import type { SkipByTimes } from '../manifestFile.ts';
import { isDamaged, scanCache, type ScanResult } from '../scan.ts';
import { relativeTo } from './relativePath.ts';

/** Things that are no entries: kind as in a plan. */
export type CandidateKind = PrunePlanEntry['kind'];

export interface Candidate {
  readonly path: string;
  readonly kind: CandidateKind;
  readonly cacheKey: string;
  /** Absent: orphans, damaged entries, leftovers. */
  readonly manifest?: Manifest;
  readonly ino: string;
  readonly mtimeNs: string;
  /** Of the artifact alone. */
  readonly bytes: number;
  /** Absent: there is none and never was. */
  readonly manifestPath?: string;
  /** Seconds; when it was last used or made, never in the future. */
  readonly lastUsed: number;
  /** Seconds by which its stamps lie in the future; 0 for sound ones. */
  readonly ahead: number;
  /** The artifact is there. */
  readonly present: boolean;
  /** Why it may not be removed by any mode. */
  readonly untouchable?: string;
  /** What is wrong with it, for orphans and broken entries. */
  readonly broken?: string;
}

/** All entries of a cache and, if asked for, images that no manifest commits. What is skipped is not looked at. */
export function* cacheCandidates(
  cacheDir: string,
  now: number,
  withOrphans: boolean,
  skip?: SkipByTimes,
): Generator<Candidate> {
  const orphans: Candidate[] = [];
  const relative = relativeTo(cacheDir);
  const onProblem = () => undefined;
  const onContents = (directory: string, contents: CacheDirectory) =>
    void orphans.push(...orphanImages(directory, contents, now));
  const options = {
    onProblem,
    ...(withOrphans ? { onContents } : {}),
    ...(skip ? { skip } : {}),
  };
  for (const scanned of scanCache(cacheDir, options)) {
    const candidate = candidateOf(scanned, now, relative);
    if (candidate) yield candidate;
  }
  yield* orphans;
}

function candidateOf(
  scanned: ScanResult,
  now: number,
  relative: (file: string) => string,
): Candidate | undefined {
  const kind = isDamaged(scanned) ? scanned.kind : scanned.manifest.kind;
  const artifact = bigStat(scanned.artifactPath);
  const manifestPath = scanned.manifestPath ?? manifestOfArtifact(scanned.artifactPath, kind);
  const identity = artifact ?? bigStat(manifestPath);
  if (!identity) return undefined;
  const common = {
    path: scanned.artifactPath,
    kind,
    ...identityOf(identity),
    bytes: bytesOf(scanned.artifactPath, artifact),
    manifestPath,
    present: artifact !== undefined,
    ...untouchable(relative(scanned.artifactPath), kind, artifact, manifestPath),
  };
  if (isDamaged(scanned)) {
    const time = Number(identity.mtimeMs) / 1000;
    return { ...common, cacheKey: '', ...ages(time, now), broken: scanned.problem };
  }
  const { manifest } = scanned;
  const { cache_key: cacheKey, last_used_at, created_at } = manifest;
  const missing = artifact ? {} : { broken: 'the image is missing' };
  return { ...common, cacheKey, manifest, ...ages(Math.max(last_used_at, created_at), now), ...missing };
}

/** Stamps in the future count as now: a clock was ahead. */
function ages(time: number, now: number): { lastUsed: number; ahead: number } {
  return { lastUsed: Math.min(time, now), ahead: Math.max(0, time - now) };
}

/** What no tool made is not ours to remove: a directory in place of an image, a manifest of another kind than its name says. */
function untouchable(
  file: string,
  kind: EntryKind,
  artifact: fs.BigIntStats | undefined,
  manifestPath: string,
): { untouchable?: string } {
  if (isStagedKind(kind) !== isStagedSidecar(path.basename(manifestPath)))
    return { untouchable: `its manifest says ${kind}, but lies where another kind belongs; look at it` };
  if (isCacheFolder(file))
    return { untouchable: 'it is a folder of the cache itself; remove the manifest beside it by hand' };
  if (!artifact || isStagedKind(kind) || !artifact.isDirectory()) return {};
  return { untouchable: 'a directory stands where the image belongs; look at it and remove it by hand' };
}

function orphanImages(directory: string, contents: CacheDirectory, now: number): Candidate[] {
  return uncommittedImages(directory, contents)
    .names.map((name) =>
      fileCandidate(`${directory}/${name}`, 'orphan', 'no manifest commits this image', now),
    )
    .filter((candidate) => candidate !== undefined);
}

/** A file or tree that is no entry. Undefined when it is gone. */
export function fileCandidate(
  file: string,
  kind: 'orphan' | 'layer' | 'runtime',
  broken: string,
  now: number,
): Candidate | undefined {
  const stat = bigStat(file);
  if (!stat) return undefined;
  const time = Number(stat.mtimeMs) / 1000;
  return {
    path: file,
    kind,
    cacheKey: '',
    ...identityOf(stat),
    bytes: bytesOf(file, stat),
    ...ages(time, now),
    present: true,
    broken,
  };
}

/** lstat with nanoseconds, or undefined when nothing can be seen there. */
export function bigStat(file: string): fs.BigIntStats | undefined {
  try {
    return fs.lstatSync(file, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Identity of a file as a plan keeps it. */
export function identityOf(stat: fs.BigIntStats): { ino: string; mtimeNs: string } {
  return { ino: String(stat.ino), mtimeNs: String(stat.mtimeNs) };
}

function bytesOf(file: string, stat: fs.BigIntStats | undefined): number {
  return stat?.isDirectory() ? diskUsage(file) : bytesOfStat(stat);
}

/** Blocks of a file that has other names are not freed with this one. */
export function bytesOfStat(stat: fs.BigIntStats | undefined): number {
  if (!stat || (stat.nlink > 1n && !stat.isDirectory())) return 0;
  return Number(stat.blocks) * 512;
}
