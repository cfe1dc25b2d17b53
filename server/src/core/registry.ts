// Which spec uses which entry: what prepare recorded below `.hpc-compose-vscode/registry/`, so that a prune for one spec
// knows the others. One folder per spec, one file per set of artifacts: writers never read, so no update is ever lost.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { finishAtOnce } from './restEvery.ts';
import {
  makeSidecarDirectory,
  readSidecarJson,
  isHalfWritten,
  sidecarNames,
  sidecarPath,
  writeSidecarFile,
} from './sidecar.ts';

interface UseRecord {
  readonly schema_version: 1;
  readonly spec: string;
  /** Paths relative to the cache, so that the record survives a move of the cache. */
  readonly artifacts: readonly string[];
  readonly recorded_at: number;
}

/** Above this many files one spec's records are merged into one. */
const MERGE_ABOVE = 16;

/**
 * Records that a spec uses these artifacts (paths inside the cache). Records add up: an entry once used by a spec stays
 * recorded for it. Throws system errors; callers treat it as best effort.
 */
export function recordUse(cacheDir: string, specPath: string, artifactPaths: readonly string[]): void {
  const artifacts = [...new Set(artifactPaths.map((artifact) => path.relative(cacheDir, artifact)))]
    .filter((artifact) => artifact !== '' && !artifact.startsWith('..'))
    .sort();
  if (artifacts.length === 0) return;
  const directory = makeSidecarDirectory(cacheDir, 'registry', digest(specPath));
  writeRecord(directory, specPath, artifacts);
  mergeRecords(directory, specPath);
}

function writeRecord(directory: string, spec: string, artifacts: readonly string[]): string {
  const record: UseRecord = {
    schema_version: 1,
    spec,
    artifacts,
    recorded_at: Math.floor(Date.now() / 1000),
  };
  const name = `${digest(artifacts.join('\0'))}.use`;
  writeSidecarFile(path.join(directory, name), JSON.stringify(record));
  return name;
}

/** Merged record first, then the merged ones go: what is removed is always contained in what stays. */
function mergeRecords(directory: string, spec: string): void {
  const names = sidecarNames(directory);
  if (names.length <= MERGE_ABOVE) return;
  const records = names.map((name) => readRecord(path.join(directory, name)));
  const artifacts = [...new Set(records.flatMap((record) => record?.artifacts ?? []))].sort();
  const merged = writeRecord(directory, spec, artifacts);
  names.forEach((name, index) => {
    if (name !== merged && records[index]) fs.rmSync(path.join(directory, name), { force: true });
  });
}

/** What was recorded for a cache. */
export interface RecordedUses {
  /** Absolute path or document URI of each spec, with its artifacts as paths below the cache. */
  readonly specs: ReadonlyMap<string, ReadonlySet<string>>;
  /** A record, or a folder of them, that is there and cannot be read: whom it protects is not known. */
  readonly unread?: string;
}

/** Reads the registry, one record a step. */
export function* lookAtUses(cacheDir: string): Generator<undefined, RecordedUses> {
  const specs = new Map<string, Set<string>>();
  let unread: string | undefined;
  for (const record of eachRecord(cacheDir)) {
    if ('unread' in record) unread ??= record.unread;
    else {
      const all = specs.get(record.spec) ?? new Set<string>();
      for (const artifact of record.artifacts) all.add(path.join(cacheDir, artifact));
      specs.set(record.spec, all);
    }
    yield;
  }
  return unread === undefined ? { specs } : { specs, unread };
}

function* eachRecord(cacheDir: string): Generator<UseRecord | { readonly unread: string }> {
  const root = sidecarPath(cacheDir, 'registry');
  for (const folder of namesOrBlame(root)) {
    if (typeof folder !== 'string') {
      yield folder;
      continue;
    }
    for (const name of namesOrBlame(path.join(root, folder))) {
      const record = typeof name === 'string' ? recordOrBlame(path.join(root, folder, name)) : name;
      if (record) yield record;
    }
  }
}

/** Undefined for a file that is gone, and for what is no record: of a writer that is at work, or died. */
function recordOrBlame(file: string): UseRecord | { readonly unread: string } | undefined {
  if (isHalfWritten(file)) return undefined;
  const record = readRecord(file);
  return record ?? (file.endsWith('.use') && fs.existsSync(file) ? { unread: file } : undefined);
}

function namesOrBlame(directory: string): readonly (string | { readonly unread: string })[] {
  try {
    return fs.readdirSync(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? [] : [{ unread: directory }];
  }
}

/** Specs by artifact path: the registry turned round. */
export function usersByArtifact(cacheDir: string): Map<string, string[]> {
  const users = new Map<string, string[]>();
  for (const [spec, artifacts] of finishAtOnce(lookAtUses(cacheDir)).specs) {
    for (const artifact of artifacts) {
      const specs = users.get(artifact);
      if (specs) specs.push(spec);
      else users.set(artifact, [spec]);
    }
  }
  for (const specs of users.values()) specs.sort();
  return users;
}

/** Specs recorded as users of one artifact. */
export function usersOf(cacheDir: string, artifactPath: string): string[] {
  return usersByArtifact(cacheDir).get(path.normalize(artifactPath)) ?? [];
}

/** Artifact -> a spec that recorded it after the given time (seconds): what was used since. */
export function usersSince(cacheDir: string, time: number): Map<string, string> {
  const users = new Map<string, string>();
  for (const record of eachRecord(cacheDir)) {
    if ('unread' in record || record.recorded_at <= time) continue;
    for (const artifact of record.artifacts) users.set(path.join(cacheDir, artifact), record.spec);
  }
  return users;
}

/** Size in bytes of all records of one spec: tells how much artifactsOf has to read. */
export async function recordedBytes(cacheDir: string, specPath: string): Promise<number> {
  const directory = sidecarPath(cacheDir, 'registry', digest(specPath));
  const names = await fs.promises.readdir(directory).catch(() => []);
  const sizes = names.map(async (name) => (await fs.promises.lstat(path.join(directory, name))).size);
  return (await Promise.all(sizes.map((size) => size.catch(() => 0)))).reduce((sum, size) => sum + size, 0);
}

/** Artifacts recorded for one spec, as paths below `cacheDir`. */
export function artifactsOf(cacheDir: string, specPath: string): string[] {
  const directory = sidecarPath(cacheDir, 'registry', digest(specPath));
  const found = new Set<string>();
  for (const name of sidecarNames(directory)) {
    const record = readRecord(path.join(directory, name));
    for (const artifact of record?.artifacts ?? []) found.add(path.join(cacheDir, artifact));
  }
  return [...found];
}

function readRecord(file: string): UseRecord | undefined {
  const record = readSidecarJson(file) as Partial<UseRecord> | undefined;
  const usable = typeof record?.spec === 'string' && Array.isArray(record.artifacts);
  if (!usable || !record.artifacts.every((artifact) => typeof artifact === 'string')) return undefined;
  return record as UseRecord;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
