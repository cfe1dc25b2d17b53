// The commit record beside an artifact: strict reading, exact writing, and the merge rules of the cache contract, section 4.
// A manifest is only ever replaced whole, by a rename of a synced file; a link at its place is replaced, never followed.
import { constants } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Manifest } from '../model/cache.ts';
import type { ImageArtifact, PreparePlan } from '../model/plan.ts';
import { errnoOf, unlinkQuietly, type FileSystem } from './files.ts';
import { matchManifestLayout } from './manifestLayout.ts';
import { formatManifest, parseManifest } from './manifestText.ts';
import { publishFile } from './publish.ts';

/** Bigger files are damage, not manifests: they are never read into memory. */
export const MANIFEST_SIZE_LIMIT = 1024 * 1024;

const TEMPORARY_ATTEMPTS = 16;

/** A manifest that cannot be used; `message` says why in a sentence. */
export class ManifestDamage extends Error {
  override readonly name = 'ManifestDamage';
}

/** Path of an artifact's manifest: the artifact plus `.json`. */
export function manifestPathOf(artifactPath: string): string {
  return `${artifactPath}.json`;
}

/**
 * Reads a manifest file. Gives undefined when there is none.
 * Throws ManifestDamage for anything but a small regular file with valid contents, and the system's error for a failed read.
 */
export function readManifestFile(path: string, files: FileSystem): Manifest | undefined {
  const fd = openManifest(path, files);
  if (fd === undefined) return undefined;
  try {
    const stat = files.fstat(fd);
    if (!stat.isFile()) throw new ManifestDamage('it is not a regular file');
    if (stat.size > MANIFEST_SIZE_LIMIT) throw new ManifestDamage(`it is ${stat.size} bytes long`);
    return parseManifestBytes(readWhole(fd, stat.size, files));
  } finally {
    files.close(fd);
  }
}

/** Reads the manifest of an artifact; see readManifestFile. */
export function readManifest(artifactPath: string, files: FileSystem): Manifest | undefined {
  return readManifestFile(manifestPathOf(artifactPath), files);
}

/** Parses the bytes of a manifest. Throws ManifestDamage. */
export function parseManifestBytes(bytes: Uint8Array): Manifest {
  const plain = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  if (matchManifestLayout(plain)) return JSON.parse(plain) as Manifest;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new ManifestDamage('it is not UTF-8 text');
  }
  const result = parseManifest(text);
  if (typeof result === 'string') throw new ManifestDamage(result);
  return result;
}

// O_NONBLOCK: a FIFO planted there must not stop us. O_NOFOLLOW: what a link points to is not ours to read.
function openManifest(path: string, files: FileSystem): number | undefined {
  try {
    return files.open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP') throw new ManifestDamage('it is a symbolic link');
    if (code === 'ENXIO') throw new ManifestDamage('it is not a regular file');
    throw error;
  }
}

function readWhole(fd: number, size: number, files: FileSystem): Uint8Array {
  const buffer = new Uint8Array(size);
  let at = 0;
  while (at < size) {
    const count = files.read(fd, buffer.subarray(at), at);
    if (count === 0) break;
    at += count;
  }
  return buffer.subarray(0, at);
}

/**
 * Writes a manifest so that it is there whole or not at all, also after a power cut.
 * Call it with the manifest lock held. Throws the system's error; the temporary file is gone then.
 */
export async function writeManifest(path: string, manifest: Manifest, files: FileSystem): Promise<void> {
  const { fd, temporary } = openTemporary(path, files);
  try {
    try {
      writeWhole(fd, new TextEncoder().encode(formatManifest(manifest)), files);
      await files.fsync(fd);
    } finally {
      files.close(fd);
    }
    await publishFile(temporary, path, files);
  } catch (error) {
    unlinkQuietly(files, temporary);
    throw error;
  }
}

// The name scheme is hpc-compose's, so that either tool's sweep knows the other's leftovers.
function openTemporary(path: string, files: FileSystem): { fd: number; temporary: string } {
  for (let attempt = 0; ; attempt++) {
    const nanos = Number(process.hrtime.bigint() % 1_000_000_000n);
    const name = `${basename(path)}.tmp.${process.pid}.${attempt}.${nanos}.${attempt}`;
    const temporary = join(dirname(path), name);
    try {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
      return { fd: files.open(temporary, flags, 0o666), temporary };
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST' || attempt + 1 >= TEMPORARY_ATTEMPTS) throw error;
    }
  }
}

function writeWhole(fd: number, bytes: Uint8Array, files: FileSystem): void {
  let at = 0;
  while (at < bytes.length) at += files.write(fd, bytes.subarray(at));
}

/** What an artifact's manifest says of its source. */
export interface ManifestSource {
  readonly sourceImage: string;
  readonly registry: string | null;
}

interface Upsert {
  readonly artifact: ImageArtifact;
  readonly source: ManifestSource;
  readonly services: readonly string[];
  readonly toolVersion: string;
  /** Seconds since the epoch. */
  readonly now: number;
  /** The manifest found, when it is of the same kind, key and path; see committedManifest. */
  readonly found: Manifest | undefined;
}

/** The base manifest after an import or a reuse: service names are joined, `created_at` stays. Cache contract, section 4. */
export function upsertBase(upsert: Upsert): Manifest {
  return { ...refreshed(upsert), kind: 'base' };
}

/** The prepared manifest after a build: as upsertBase, and what was prepared is replaced. */
export function upsertPrepared(upsert: Upsert & { readonly prepare: PreparePlan }): Manifest {
  const { prepare } = upsert;
  return {
    ...refreshed(upsert),
    kind: 'prepared',
    prepare_commands: [...prepare.commands],
    prepare_env: [...prepare.env],
    prepare_root: prepare.root,
    prepare_mounts: [...prepare.mounts],
    force_rebuild_due_to_mounts: prepare.forceRebuild,
  };
}

/** A manifest that was used again: only `last_used_at` changes. */
export function touched(manifest: Manifest, now: number): Manifest {
  return { ...manifest, last_used_at: now };
}

function refreshed(upsert: Upsert): Manifest {
  const { artifact, source, now, found } = upsert;
  const manifest = found ?? freshManifest(upsert);
  return {
    ...manifest,
    artifact_path: artifact.path,
    service_names: upsert.services.reduce<string[]>(joinName, manifest.service_names),
    cache_key: artifact.key,
    source_image: source.sourceImage,
    registry: source.registry,
    last_used_at: now,
    tool_version: upsert.toolVersion,
  };
}

function freshManifest({ artifact, source, toolVersion, now }: Upsert): Manifest {
  return {
    kind: artifact.kind,
    artifact_path: artifact.path,
    service_names: [],
    cache_key: artifact.key,
    source_image: source.sourceImage,
    registry: source.registry,
    prepare_commands: [],
    prepare_env: [],
    prepare_root: null,
    prepare_mounts: [],
    force_rebuild_due_to_mounts: false,
    created_at: now,
    last_used_at: now,
    tool_version: toolVersion,
  };
}

// A list that holds the name already is left in the order found; else it is sorted by bytes.
function joinName(names: string[], name: string): string[] {
  if (names.includes(name)) return names;
  return [...names, name].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
