// Which texts of a manifest hold secrets that its variables' names do not tell: values of `secrets:`, kept in masked form below
// `.hpc-compose-vscode/masks/`, so that lists of a cache can mask them without any spec. The manifest's own bytes are the contract's.
import fs from 'node:fs';
import path from 'node:path';
import type { Manifest } from '../model/cache.ts';
import type { ImageArtifact } from '../model/plan.ts';
import { recordName } from './inputs.ts';
import { maskManifest } from './maskEntries.ts';
import {
  isOwnFolder,
  makeSidecarDirectory,
  readSidecarJson,
  sidecarNames,
  sidecarPath,
  writeSidecarFile,
} from './sidecar.ts';

type Texts = Pick<Manifest, 'source_image' | 'prepare_commands' | 'prepare_env' | 'prepare_mounts'>;

interface MaskedTexts extends Texts {
  readonly schema_version: 1;
  readonly cache_key: string;
}

/** Masks the manifest of an artifact as people and JSON of ours may see it; undefined where nothing is recorded of it. */
export type RecordedMask = (artifactPath: string) => ((manifest: Manifest) => Manifest) | undefined;

/**
 * Keeps the masked texts of a manifest that holds values of `secretValues`, before the manifest is written: no list may see it
 * without. Nothing is kept where the names of variables tell enough. Throws system errors.
 */
export function recordSecretTexts(
  artifact: ImageArtifact,
  manifest: Manifest,
  secretValues: readonly string[],
): void {
  if (secretValues.length === 0) return;
  const texts = textsOf(maskManifest(manifest, secretValues));
  if (JSON.stringify(texts) === JSON.stringify(textsOf(maskManifest(manifest)))) return;
  const cacheDir = path.dirname(path.dirname(artifact.path));
  const record: MaskedTexts = { schema_version: 1, cache_key: artifact.key, ...texts };
  makeSidecarDirectory(cacheDir, 'masks');
  writeSidecarFile(masksFile(cacheDir, artifact.path), JSON.stringify(record));
}

/** Gives the masks that are recorded in a cache. Where there are none, asking costs nothing. */
export function createRecordedMask(cacheDir: string): RecordedMask {
  const names = new Set(sidecarNames(sidecarPath(cacheDir, 'masks')));
  return (artifactPath) => {
    if (names.size === 0 || !names.has(path.basename(masksFile(cacheDir, artifactPath)))) return undefined;
    const record = readSidecarJson(masksFile(cacheDir, artifactPath)) as MaskedTexts | undefined;
    return record && ((manifest) => masked(manifest, record));
  };
}

/** Removes the record of an artifact that was removed. */
export function forgetSecretTexts(cacheDir: string, artifactPath: string): void {
  if (isOwnFolder(cacheDir, 'masks')) fs.rmSync(masksFile(cacheDir, artifactPath), { force: true });
}

/** The key covers every one of these texts: the same key has the same ones. */
function masked(manifest: Manifest, record: MaskedTexts): Manifest {
  if (record.cache_key !== manifest.cache_key) return maskManifest(manifest);
  const { source_image, prepare_commands, prepare_env, prepare_mounts } = record;
  return { ...manifest, source_image, prepare_commands, prepare_env, prepare_mounts };
}

function textsOf({ source_image, prepare_commands, prepare_env, prepare_mounts }: Texts): Texts {
  return { source_image, prepare_commands, prepare_env, prepare_mounts };
}

function masksFile(cacheDir: string, artifactPath: string): string {
  return sidecarPath(cacheDir, 'masks', `${recordName(artifactPath)}.masks`);
}
