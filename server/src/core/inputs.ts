// What an entry was made from: the named parts of its key, kept below `.hpc-compose-vscode/inputs/` when it was built, so
// that a later miss can be explained field by field. The plan names the parts and gives secret ones as digests.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { ImageArtifact, KeyInput } from '../model/plan.ts';
import {
  isOwnFolder,
  makeSidecarDirectory,
  readSidecarJson,
  sidecarNames,
  sidecarPath,
  writeSidecarFile,
} from './sidecar.ts';

export interface RecordedInputs {
  readonly schema_version: 1;
  readonly artifact: string;
  readonly cache_key: string;
  /** Size of the artifact in bytes when it was committed; a different one later means damage. */
  readonly size: number | null;
  readonly recorded_at: number;
  readonly inputs: readonly KeyInput[];
}

/** Keeps what an artifact was made from. Throws system errors; callers treat it as best effort. */
export function recordInputs(artifact: ImageArtifact, inputs: readonly KeyInput[]): void {
  const cacheDir = path.dirname(path.dirname(artifact.path));
  makeSidecarDirectory(cacheDir, 'inputs');
  const record: RecordedInputs = {
    schema_version: 1,
    artifact: path.relative(cacheDir, artifact.path),
    cache_key: artifact.key,
    size: fs.lstatSync(artifact.path, { throwIfNoEntry: false })?.size ?? null,
    recorded_at: Math.floor(Date.now() / 1000),
    inputs,
  };
  writeSidecarFile(inputsFile(cacheDir, artifact.path), JSON.stringify(record), true);
}

/** What an artifact was made from, or undefined when it is not known (made by another tool, or before). */
export function readInputs(cacheDir: string, artifactPath: string): RecordedInputs | undefined {
  const record = readSidecarJson(inputsFile(cacheDir, artifactPath)) as Partial<RecordedInputs> | undefined;
  return record && Array.isArray(record.inputs) && typeof record.cache_key === 'string'
    ? (record as RecordedInputs)
    : undefined;
}

/** readInputs for many artifacts: what has no record costs nothing, and most of a big cache has none. */
export function createInputsReader(cacheDir: string): (artifactPath: string) => RecordedInputs | undefined {
  const names = new Set(sidecarNames(sidecarPath(cacheDir, 'inputs')));
  return (artifactPath) => {
    if (names.size === 0 || !names.has(path.basename(inputsFile(cacheDir, artifactPath)))) return undefined;
    return readInputs(cacheDir, artifactPath);
  };
}

/** Removes the record of an artifact that was removed. */
export function forgetInputs(cacheDir: string, artifactPath: string): void {
  if (isOwnFolder(cacheDir, 'inputs')) fs.rmSync(inputsFile(cacheDir, artifactPath), { force: true });
}

function inputsFile(cacheDir: string, artifactPath: string): string {
  return sidecarPath(cacheDir, 'inputs', `${recordName(artifactPath)}.inputs`);
}

/** Names what is kept of an entry: by the key part of its file name, so that long service names do not make longer names here. */
export function recordName(artifactPath: string): string {
  const name = path.basename(artifactPath);
  const key = /^[0-9a-f]{16}(?=-)/.exec(name)?.[0] ?? digest(name);
  const kind = path.basename(path.dirname(artifactPath));
  return `${kind}-${key}-${digest(name)}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
