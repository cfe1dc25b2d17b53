// The state of one cache directory as a value: every entry with its size on disk, what is wrong with it, and who uses it.
// Reads only; a damaged entry is part of the answer, never a failure.
import fs from 'node:fs';
import path from 'node:path';
import type { CacheEntry, CacheState, EntryKind, EntryState, ListProblem, Manifest } from '../model/cache.ts';
import { samePath } from '../model/paths.ts';
import type { CacheDirectory } from './cacheDirectory.ts';
import { isStagedKind, kindOfDirectory } from './cacheNames.ts';
import { diskUsage, fileBytes, lstatOrNothing } from './diskUsage.ts';
import { createInputsReader, type RecordedInputs } from './inputs.ts';
import { unfinishedRemovals } from './journal.ts';
import { maskManifest } from './maskEntries.ts';
import { readPins } from './pins.ts';
import type { Ports } from './ports.ts';
import { usersByArtifact } from './registry.ts';
import { canonicalPath } from './canonicalPath.ts';
import { isDamaged, scanCache, type DamagedEntry, type ScannedEntry } from './scan.ts';

/** Facts on a cache that every entry is judged with. */
interface Surroundings {
  readonly cacheDir: string;
  readonly pins: ReadonlySet<string>;
  readonly users: ReadonlyMap<string, string[]>;
  readonly removals: ReadonlySet<string>;
  readonly inputs: (artifactPath: string) => RecordedInputs | undefined;
  /** Canonical path of a directory; remembered, because entries share few directories. */
  readonly canonical: (directory: string) => string;
}

/** The state of a cache directory. A missing one exists: false; nothing is made. Secret values are masked. */
export function listCache(cacheDir: string, _ports: Pick<Ports, 'now'>): Promise<CacheState> {
  return Promise.resolve().then(() => readCacheState(cacheDir));
}

/** listCache in one piece, for worker threads and the shell. */
export function readCacheState(cacheDir: string): CacheState {
  const surroundings = surroundingsOf(cacheDir);
  const problems: ListProblem[] = [];
  const orphans: CacheEntry[] = [];
  const entries: CacheEntry[] = [];
  const options = {
    onProblem: (problem: ListProblem) => void problems.push(problem),
    onContents: (directory: string, contents: CacheDirectory) => {
      orphans.push(...orphanEntries(directory, contents, surroundings));
    },
  };
  for (const scanned of scanCache(cacheDir, options)) {
    if (isDamaged(scanned)) problems.push({ path: scanned.manifestPath, problem: scanned.problem });
    entries.push(entryOf(scanned, surroundings));
  }
  entries.push(...orphans);
  return {
    schema_version: 1,
    cache_dir: cacheDir,
    exists: fs.existsSync(cacheDir),
    entries,
    problems,
    totals: { entries: entries.length, bytes: sumBytes(entries), ...housekeepingTotals(cacheDir) },
    free_bytes: freeBytes(cacheDir),
  };
}

function surroundingsOf(cacheDir: string): Surroundings {
  const known = new Map<string, string>();
  return {
    cacheDir,
    pins: readPins(cacheDir),
    users: usersByArtifact(cacheDir),
    removals: unfinishedRemovals(cacheDir),
    inputs: createInputsReader(cacheDir),
    canonical: (directory) => {
      let real = known.get(directory);
      if (real === undefined) known.set(directory, (real = canonicalPath(directory)));
      return real;
    },
  };
}

function entryOf(scanned: ScannedEntry | DamagedEntry, around: Surroundings): CacheEntry {
  const { artifactPath } = scanned;
  const artifact = lstatOrNothing(artifactPath);
  const manifest = isDamaged(scanned)
    ? emptyManifest(scanned.kind, artifactPath)
    : { ...maskManifest(scanned.manifest), artifact_path: artifactPath };
  const bytes = artifact?.isDirectory() ? diskUsage(artifactPath) : fileBytes(artifact);
  return {
    ...manifest,
    bytes,
    ...stateOf(scanned, artifact, around),
    pinned: around.pins.has(path.normalize(artifactPath)),
    used_by: around.users.get(path.normalize(artifactPath)) ?? [],
  };
}

interface Judgement {
  readonly state: EntryState;
  readonly problem?: string;
}

function stateOf(
  scanned: ScannedEntry | DamagedEntry,
  artifact: fs.Stats | undefined,
  around: Surroundings,
): Judgement {
  const { artifactPath } = scanned;
  if (isDamaged(scanned))
    return { state: 'damaged-manifest', problem: `${scanned.problem}; the next prepare makes it again` };
  const { manifest } = scanned;
  if (!artifact) return missingArtifact(artifactPath, around);
  const staged = isStagedKind(manifest.kind);
  if (staged ? !artifact.isDirectory() : !artifact.isFile())
    return {
      state: 'missing-artifact',
      problem: `${what(artifact)} stands where the ${staged ? 'directory' : 'image file'} belongs`,
    };
  if (!staged && artifact.size === 0)
    return { state: 'truncated', problem: 'the image is empty; prepare with force to make it again' };
  const recorded = staged ? undefined : around.inputs(artifactPath);
  if (recorded?.cache_key === manifest.cache_key && recorded.size !== null && recorded.size !== artifact.size)
    return {
      state: 'truncated',
      problem: `the image has ${artifact.size} bytes, ${recorded.size} were written`,
    };
  return movedOrOk(manifest, artifactPath, around);
}

function missingArtifact(artifactPath: string, around: Surroundings): Judgement {
  return around.removals.has(path.normalize(artifactPath))
    ? { state: 'being-removed', problem: 'a prune was interrupted here; the next one finishes it' }
    : { state: 'missing-artifact', problem: 'the image is missing; the next prepare makes it again' };
}

function what(stat: fs.Stats): string {
  if (stat.isDirectory()) return 'a directory';
  if (stat.isSymbolicLink()) return 'a link';
  return stat.isFile() ? 'a file' : 'a special file';
}

/** Another spelling of the same place is fine; only a record of another place is a move. */
function movedOrOk(manifest: Manifest, artifactPath: string, around: Surroundings): Judgement {
  const recorded = manifest.artifact_path;
  if (recorded === artifactPath || samePath(recorded, artifactPath)) return { state: 'ok' };
  const samePlace =
    path.basename(recorded) === path.basename(artifactPath) &&
    around.canonical(path.dirname(recorded)) === around.canonical(path.dirname(artifactPath));
  if (samePlace) return { state: 'ok' };
  return { state: 'moved', problem: `recorded at ${recorded}; \`cache adopt\` makes it a hit here` };
}

function emptyManifest(kind: EntryKind, artifactPath: string): Manifest {
  return {
    kind,
    artifact_path: artifactPath,
    service_names: [],
    cache_key: /^[0-9a-f]{16}(?=-)/.exec(path.basename(artifactPath))?.[0] ?? '',
    source_image: '',
    registry: null,
    prepare_commands: [],
    prepare_env: [],
    prepare_root: null,
    prepare_mounts: [],
    force_rebuild_due_to_mounts: false,
    created_at: 0,
    last_used_at: 0,
    tool_version: '',
  };
}

/** Images in base/ and prepared/ that no manifest commits. */
function orphanEntries(directory: string, contents: CacheDirectory, around: Surroundings): CacheEntry[] {
  const kind = kindOfDirectory(path.basename(directory));
  if ((kind !== 'base' && kind !== 'prepared') || contents.images.length === 0) return [];
  const manifests = new Set(contents.manifests);
  return contents.images
    .filter((name) => !manifests.has(`${name}.json`))
    .map((name) => orphanEntry(`${directory}/${name}`, kind, around))
    .filter((entry) => entry !== undefined);
}

function orphanEntry(artifactPath: string, kind: EntryKind, around: Surroundings): CacheEntry | undefined {
  const stat = lstatOrNothing(artifactPath);
  if (!stat) return undefined;
  const time = Math.floor(stat.mtimeMs / 1000);
  return {
    ...emptyManifest(kind, artifactPath),
    created_at: time,
    last_used_at: time,
    bytes: fileBytes(stat),
    state: 'orphan',
    problem: 'no manifest commits this image; the next prepare makes it again',
    pinned: around.pins.has(path.normalize(artifactPath)),
    used_by: [],
  };
}

function sumBytes(entries: readonly CacheEntry[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** What tools keep in the cache beside entries: image layers and job stores. */
function housekeepingTotals(cacheDir: string): { layer_bytes: number; runtime_bytes: number } {
  return {
    layer_bytes: diskUsage(path.join(cacheDir, 'enroot', 'cache')),
    runtime_bytes: diskUsage(path.join(cacheDir, 'runtime')),
  };
}

/** Bytes free to this user on the file system of a path, or null. */
export function freeBytes(directory: string): number | null {
  try {
    const { bavail, bsize } = fs.statfsSync(directory);
    return bavail * bsize;
  } catch {
    return null;
  }
}
