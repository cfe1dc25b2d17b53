// Walks a cache and gives its entries in the order of their artifact paths (cache contract, section 7.1), one at a time.
// One bad file never stops it: what cannot be used is reported and skipped, and nothing but regular files is ever read.
import fs from 'node:fs';
import path from 'node:path';
import { compareBytes } from '../model/byteOrder.ts';
import type { EntryKind, ListProblem, Manifest } from '../model/cache.ts';
import { DEFAULT_TOOL_VERSION } from '../model/plan.ts';
import { readCacheDirectory, type CacheDirectory } from './cacheDirectory.ts';
import {
  HF_COMPLETE,
  STAGED_COMPLETE,
  artifactOfManifest,
  isCacheFolder,
  isSkippedDirectory,
  isStagedSidecar,
  kindOfDirectory,
  stagedSidecarsOf,
} from './cacheNames.ts';
import { emptyManifest } from './emptyManifest.ts';
import { MANIFEST_SIZE_LIMIT } from './manifest.ts';
import { createBytesReader, readEntryManifest, type BytesReader, type SkipByTimes } from './manifestFile.ts';

/** An entry as found: `artifactPath` is where it lies, whatever the manifest says. */
export interface ScannedEntry {
  readonly artifactPath: string;
  /** Absent: the entry is known by the completion mark inside its directory. */
  readonly manifestPath?: string;
  readonly manifest: Manifest;
}

/** A manifest that cannot be used. */
export interface DamagedEntry {
  readonly artifactPath: string;
  readonly manifestPath: string;
  readonly kind: EntryKind;
  readonly problem: string;
}

export type ScanResult = ScannedEntry | DamagedEntry;

export interface WalkOptions {
  readonly onProblem: (problem: ListProblem) => void;
  /** Called before a directory is read, so that an index can remember its times. */
  readonly onDirectory?: (path: string) => void;
  /** Leaves entries out by what their manifests say; damaged ones are never left out. */
  readonly skip?: SkipByTimes;
  /** Called with everything in a directory; makes the walk collect images too. */
  readonly onContents?: (path: string, contents: CacheDirectory) => void;
}

/** Names in one directory that make entries, in order: a manifest, or a staged directory known by its mark alone. */
export interface WalkedRun {
  readonly directory: string;
  readonly manifests: readonly string[];
  readonly marked?: ScannedEntry;
}

/** True for entries whose manifest cannot be used. */
export function isDamaged(entry: ScanResult): entry is DamagedEntry {
  return 'problem' in entry;
}

/**
 * Entries of a cache in byte order of their artifact paths, in the spelling of `cacheDir`. A missing cache has none.
 * Source: cache contract, section 7.1; unlike there, enroot/, runtime/ and *.sandbox are not entered.
 */
export function* scanCache(cacheDir: string, options: WalkOptions): Generator<ScanResult> {
  const read = createBytesReader();
  for (const run of walkCache(cacheDir, options)) {
    if (run.marked && !isSkipped(run.marked, options)) yield run.marked;
    for (const name of run.manifests) {
      const entry = readEntry(run.directory, name, read, options.skip);
      if (entry) yield entry;
    }
  }
}

function isSkipped({ manifest }: ScannedEntry, { skip }: WalkOptions): boolean {
  return skip?.(manifest.last_used_at, manifest.created_at) ?? false;
}

/** Names that make entries, directory by directory, without reading a manifest. */
export function* walkCache(cacheDir: string, options: WalkOptions): Generator<WalkedRun> {
  yield* walkDirectory(cacheDir, true, options);
}

function* walkDirectory(directory: string, atRoot: boolean, options: WalkOptions): Generator<WalkedRun> {
  options.onDirectory?.(directory);
  const contents = readCacheDirectory(directory, {
    onProblem: options.onProblem,
    images: options.onContents !== undefined,
  });
  if (!contents) return;
  options.onContents?.(directory, contents);
  for (const item of orderedItems(contents, atRoot)) {
    if ('child' in item) yield* walkChild(directory, item.child, options);
    else yield { directory, manifests: item.manifests };
  }
}

/** What a directory holds, in the order of whole artifact paths: manifests, and directories to enter between them. */
export type DirectoryItem = { readonly manifests: readonly string[] } | { readonly child: string };

/** Items of a directory; directories that a scan does not enter are left out. */
export function* orderedItems(
  { manifests, directories }: CacheDirectory,
  atRoot: boolean,
): Generator<DirectoryItem> {
  let next = 0;
  for (const child of directories) {
    if (isSkippedDirectory(child, atRoot)) continue;
    const end = firstAfter(manifests, next, `${child}/`);
    if (end > next) yield { manifests: manifests.slice(next, end) };
    next = end;
    yield { child };
  }
  if (next < manifests.length) yield { manifests: next === 0 ? manifests : manifests.slice(next) };
}

function* walkChild(directory: string, name: string, options: WalkOptions): Generator<WalkedRun> {
  const child = joinSpelled(directory, name);
  if (!isStagedDirectory(child)) {
    yield* walkDirectory(child, false, options);
    return;
  }
  const marked = entryFromMark(child);
  if (marked) yield { directory, manifests: [], marked };
}

function firstAfter(manifests: readonly string[], from: number, key: string): number {
  let index = from;
  while (index < manifests.length && compareBytes(artifactOfManifest(manifests[index] ?? ''), key) < 0)
    index++;
  return index;
}

/** Joins without normalising: results keep the spelling of the given directory. */
export function joinSpelled(directory: string, name: string): string {
  return directory.endsWith('/') ? directory + name : `${directory}/${name}`;
}

/** Reads the entry of one manifest name; undefined when it vanished meanwhile, its directory is not there, or it is skipped. */
export function readEntry(
  directory: string,
  name: string,
  bytes: BytesReader,
  skip?: SkipByTimes,
): ScanResult | undefined {
  const manifestPath = joinSpelled(directory, name);
  const artifactPath = artifactOfManifest(manifestPath);
  if (isStagedSidecar(name) && !isDirectory(artifactPath)) return undefined;
  const read = readEntryManifest(manifestPath, bytes, skip);
  if (read === undefined) return undefined;
  if ('manifest' in read) return { artifactPath, manifestPath, manifest: read.manifest };
  const kind = kindOfDirectory(path.basename(directory));
  return { artifactPath, manifestPath, kind, problem: read.problem };
}

/** True for a directory with a sidecar beside it, or a completion mark inside; never for a folder of the cache itself. */
export function isStagedDirectory(directory: string): boolean {
  if (isCacheFolder(path.basename(directory))) return false;
  return (
    hasSidecar(directory) ||
    isFile(`${directory}/${STAGED_COMPLETE}`) ||
    isFile(`${directory}/${HF_COMPLETE}`)
  );
}

function hasSidecar(directory: string): boolean {
  return stagedSidecarsOf(directory).some(isFile);
}

function isFile(path: string): boolean {
  return statOrNothing(path)?.isFile() ?? false;
}

/** True for a directory, also behind a link. */
export function isDirectory(path: string): boolean {
  return statOrNothing(path)?.isDirectory() ?? false;
}

function statOrNothing(path: string): fs.Stats | undefined {
  try {
    return fs.statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** Entry of a staged directory without a sidecar, made from its completion record or from the mark of a download. */
export function entryFromMark(directory: string): ScannedEntry | undefined {
  if (hasSidecar(directory)) return undefined;
  const record = readCompletion(`${directory}/${STAGED_COMPLETE}`);
  if (record) return markedEntry(directory, record.kind, `${directory}/${STAGED_COMPLETE}`, record);
  const kind = kindOfDirectory(path.basename(path.dirname(directory)));
  if (kind !== 'dataset' && kind !== 'model') return undefined;
  return markedEntry(directory, kind, `${directory}/${HF_COMPLETE}`, {});
}

interface Completion {
  readonly kind: 'dataset' | 'model' | 'source';
  readonly cache_key: string;
  readonly uri: string;
  readonly revision?: string | null;
  readonly content_digest?: string | null;
}

function readCompletion(path: string): Completion | undefined {
  try {
    if ((statOrNothing(path)?.size ?? Infinity) > MANIFEST_SIZE_LIMIT) return undefined;
    const record = JSON.parse(fs.readFileSync(path, 'utf8')) as Completion;
    const known = ['dataset', 'model', 'source'].includes(record.kind);
    return known && typeof record.cache_key === 'string' && typeof record.uri === 'string'
      ? record
      : undefined;
  } catch {
    return undefined;
  }
}

function markedEntry(
  artifactPath: string,
  kind: EntryKind,
  mark: string,
  record: Partial<Completion>,
): ScannedEntry {
  const used = Math.floor((statOrNothing(mark)?.mtimeMs ?? 0) / 1000);
  const manifest: Manifest = {
    ...emptyManifest(kind, artifactPath),
    cache_key: record.cache_key ?? path.basename(artifactPath),
    source_image: record.uri ?? '',
    created_at: used,
    last_used_at: used,
    tool_version: DEFAULT_TOOL_VERSION,
  };
  if (record.uri !== undefined) manifest.uri = record.uri;
  if (typeof record.revision === 'string') manifest.revision = record.revision;
  if (typeof record.content_digest === 'string') manifest.content_digest = record.content_digest;
  return { artifactPath, manifest };
}
