// What the disk says of one entry beside its manifest: bytes, what is wrong with it, pins, users. Looks only, takes no lock, and
// judges by the few fields that a manifest's text shows without being parsed.
import type fs from 'node:fs';
import path from 'node:path';
import type { CacheEntry, EntryKind, EntryState, Manifest } from '../model/cache.ts';
import { samePath } from '../model/paths.ts';
import { isStagedKind } from './cacheNames.ts';
import { canonicalDirectories } from './canonicalPath.ts';
import { diskUsage, fileBytes, lstatOrNothing } from './diskUsage.ts';
import { emptyManifest } from './emptyManifest.ts';
import { createInputsReader, type RecordedInputs } from './inputs.ts';
import { unfinishedRemovals } from './journal.ts';
import { readPins } from './pins.ts';
import { usersByArtifact } from './registry.ts';
import { createRecordedMask, type RecordedMask } from './secretTexts.ts';

/** Facts on a cache that every entry is judged with. */
export interface Surroundings {
  readonly pins: ReadonlySet<string>;
  readonly users: ReadonlyMap<string, string[]>;
  readonly removals: ReadonlySet<string>;
  readonly inputs: (artifactPath: string) => RecordedInputs | undefined;
  readonly mask: RecordedMask;
  /** Canonical path of a directory; remembered, because entries share few directories. */
  readonly canonical: (directory: string) => string;
}

/** What an entry is judged by. */
export type RecordedFacts = Pick<Manifest, 'kind' | 'artifact_path' | 'cache_key'>;

/** The part of a cache entry that is no manifest, in the order written. */
export type EntryLook = Omit<CacheEntry, keyof Manifest>;

/** Reads what is known about the entries of a cache. */
export function surroundingsOf(cacheDir: string): Surroundings {
  return {
    pins: readPins(cacheDir),
    users: usersByArtifact(cacheDir),
    removals: unfinishedRemovals(cacheDir),
    inputs: createInputsReader(cacheDir),
    mask: createRecordedMask(cacheDir),
    canonical: canonicalDirectories(),
  };
}

/** Looks at the artifact of an entry; `recorded` has what its manifest says, or what is wrong with that. */
export function lookAtEntry(
  artifactPath: string,
  recorded: RecordedFacts | { readonly problem: string },
  around: Surroundings,
): EntryLook {
  const artifact = lstatOrNothing(artifactPath);
  const bytes = artifact?.isDirectory() ? diskUsage(artifactPath) : fileBytes(artifact);
  const judged =
    'problem' in recorded ? damaged(recorded.problem) : stateOf(artifactPath, recorded, artifact, around);
  return { bytes, ...judged, ...relationsOf(artifactPath, around) };
}

interface Judgement {
  readonly state: EntryState;
  readonly problem?: string;
}

const NOBODY: readonly string[] = [];

/** Most caches have no pins and no records: then the path need not be normalised for every entry. */
function relationsOf(
  artifactPath: string,
  { pins, users }: Surroundings,
): Pick<EntryLook, 'pinned' | 'used_by'> {
  if (pins.size === 0 && users.size === 0) return { pinned: false, used_by: [...NOBODY] };
  const key = path.normalize(artifactPath);
  return { pinned: pins.has(key), used_by: users.get(key) ?? [] };
}

function damaged(problem: string): Judgement {
  return { state: 'damaged-manifest', problem: `${problem}; the next prepare makes it again` };
}

function stateOf(
  artifactPath: string,
  recorded: RecordedFacts,
  artifact: fs.Stats | undefined,
  around: Surroundings,
): Judgement {
  if (!artifact) return missingArtifact(artifactPath, around);
  const staged = isStagedKind(recorded.kind);
  if (staged ? !artifact.isDirectory() : !artifact.isFile())
    return {
      state: 'missing-artifact',
      problem: `${what(artifact)} stands where the ${staged ? 'directory' : 'image file'} belongs`,
    };
  const cut = staged ? undefined : truncation(artifactPath, recorded, artifact, around);
  return cut ?? movedOrOk(recorded.artifact_path, artifactPath, around);
}

function truncation(
  artifactPath: string,
  { cache_key }: RecordedFacts,
  { size }: fs.Stats,
  around: Surroundings,
): Judgement | undefined {
  if (size === 0)
    return { state: 'truncated', problem: 'the image is empty; prepare with force to make it again' };
  const written = around.inputs(artifactPath);
  if (written?.cache_key !== cache_key || written.size === null || written.size === size) return undefined;
  return { state: 'truncated', problem: `the image has ${size} bytes, ${written.size} were written` };
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
function movedOrOk(recorded: string, artifactPath: string, around: Surroundings): Judgement {
  if (recorded === artifactPath || samePath(recorded, artifactPath)) return { state: 'ok' };
  const samePlace =
    path.basename(recorded) === path.basename(artifactPath) &&
    around.canonical(path.dirname(recorded)) === around.canonical(path.dirname(artifactPath));
  if (samePlace) return { state: 'ok' };
  return { state: 'moved', problem: `recorded at ${recorded}; \`cache adopt\` makes it a hit here` };
}

/** An image that no manifest commits, as an entry; undefined when it is gone. */
export function orphanEntry(
  artifactPath: string,
  kind: EntryKind,
  around: Surroundings,
): CacheEntry | undefined {
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
    ...relationsOf(artifactPath, around),
    used_by: [],
  };
}
