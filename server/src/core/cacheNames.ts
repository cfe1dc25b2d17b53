// Names inside a cache directory: which file is a manifest, what it belongs to, and which directories hold no entries.
// Cache contract, sections 0 and 7.1. Pure string rules; paths here never touch the disk.
import type { EntryKind } from '../model/cache.ts';

/** Folder of ours in a cache. Skipped by every scan, counted by nothing. */
export const SIDECAR_DIR = '.hpc-compose-vscode';

/** Inside a staged directory: complete, with what it was made from. */
export const STAGED_COMPLETE = '.hpc-compose-staged-complete.json';

/** Inside a staged directory: a download inside a job completed. */
export const HF_COMPLETE = '.hpc-compose-hf-complete';

const STAGED_SUFFIXES = ['.dataset.json', '.model.json', '.source.json'] as const;

/** Directories that hold no entries, directly below the cache. */
const ROOT_SKIPPED: ReadonlySet<string> = new Set([SIDECAR_DIR, 'enroot', 'runtime']);

const KIND_BY_DIRECTORY: Readonly<Record<string, EntryKind>> = {
  base: 'base',
  prepared: 'prepared',
  datasets: 'dataset',
  models: 'model',
  source: 'source',
};

/** True for the name of an image's manifest or of a staged directory's sidecar. */
export function isManifestName(name: string): boolean {
  if (!name.endsWith('.json')) return false;
  return (
    name.endsWith('.sqsh.json') ||
    name.endsWith('.squashfs.json') ||
    name.endsWith('.sif.json') ||
    isStagedSidecar(name)
  );
}

/**
 * True for `<key>.dataset.json`, `<key>.model.json` and `<key>.source.json`. Not without a key, or with dots as one: the artifact
 * of such a name would be the directory that holds it.
 */
export function isStagedSidecar(name: string): boolean {
  return STAGED_SUFFIXES.some(
    (suffix) => name.endsWith(suffix) && !/^\.{0,2}$/.test(name.slice(0, -suffix.length)),
  );
}

const IMAGE_SUFFIXES = ['.sqsh', '.squashfs', '.sif'] as const;

/** True for the file name of an image: sqsh, squashfs or sif, not hidden. */
export function isImageName(name: string): boolean {
  return !name.startsWith('.') && IMAGE_SUFFIXES.some((suffix) => name.endsWith(suffix));
}

/** Artifact (name or path) that a manifest (name or path) belongs to. */
export function artifactOfManifest(manifest: string): string {
  for (const suffix of STAGED_SUFFIXES)
    if (manifest.endsWith(suffix)) return manifest.slice(0, -suffix.length);
  return manifest.slice(0, -'.json'.length);
}

/** Manifest of an artifact: `<artifact>.json`, for staged kinds `<directory>.<kind>.json`. */
export function manifestOfArtifact(artifact: string, kind: EntryKind): string {
  return isStagedKind(kind) ? `${artifact}.${kind}.json` : `${artifact}.json`;
}

/** True for kinds whose artifact is a directory. */
export function isStagedKind(kind: EntryKind): kind is 'dataset' | 'model' | 'source' {
  return kind === 'dataset' || kind === 'model' || kind === 'source';
}

/** Names of the sidecars that make a directory of this name a staged one. */
export function stagedSidecarsOf(directory: string): string[] {
  return STAGED_SUFFIXES.map((suffix) => directory + suffix);
}

/** True for directories that a scan does not enter: our own folder, scratch, job stores, build sandboxes, unfinished staging. */
export function isSkippedDirectory(name: string, atRoot: boolean): boolean {
  if (atRoot && ROOT_SKIPPED.has(name)) return true;
  return (
    name.endsWith('.sandbox') ||
    name.startsWith('.hf-stage.') ||
    name.includes('.staging.') ||
    name.startsWith('.hpc-compose-removing-')
  );
}

/** True for the folders of a cache, relative to it: they hold entries and are never one, whatever lies beside or in them. */
export function isCacheFolder(relative: string): boolean {
  return relative in KIND_BY_DIRECTORY || ROOT_SKIPPED.has(relative) || relative === 'rendezvous';
}

/** Kind that the directory of an entry implies, for entries whose manifest cannot be read. */
export function kindOfDirectory(directoryName: string): EntryKind {
  return KIND_BY_DIRECTORY[directoryName] ?? 'unknown';
}

/** Control characters as escapes, so that a name stays on one line of text output. */
export function escapeControl(text: string): string {
  return text.replace(/[\x00-\x1f\x7f]/g, (char) => {
    const named = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[char];
    return named ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}
