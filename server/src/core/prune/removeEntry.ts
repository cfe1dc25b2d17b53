// Removes one entry of a plan, its locks being held: looks whether it is still what the plan saw, then unlinks artifact and
// manifest in hpc-compose's order. A kill at any step leaves a state that both tools list and that a repeat finishes.
import fs from 'node:fs';
import path from 'node:path';
import type { PrunePlanEntry } from '../../model/cache.ts';
import { manifestOfArtifact } from '../cacheNames.ts';
import { forgetInputs } from '../inputs.ts';
import { forgetSecretTexts } from '../secretTexts.ts';
import { readEntryManifest, type BytesReader } from '../manifestFile.ts';
import { isStagedDirectory } from '../scan.ts';
import { isLeftoverName } from '../sweep.ts';
import { bigStat, bytesOfStat, identityOf } from './candidates.ts';
import type { InsideDirectory } from './insideDirectory.ts';
import { mayLieThere } from './place.ts';
import { removeTree, unlinkFile } from './removeTree.ts';

export type Removal =
  | { readonly bytes: number }
  | { readonly skipped: string }
  | { readonly failed: string; readonly message: string };

export interface RemovalContext {
  /** Canonical. */
  readonly cacheDir: string;
  /** Seconds. */
  readonly plannedAt: number;
  readonly read: BytesReader;
  /** There are records of ours on what entries were made from. */
  readonly hasInputs: boolean;
  /** Canonical paths of leftovers whose owner is dead, looked up now. */
  readonly leftovers: () => ReadonlySet<string>;
}

/** Removes an entry of `folder` (relative to the cache), or says why it was left. Throws system errors. */
export async function removeEntry(
  entry: PrunePlanEntry,
  folder: string,
  directory: InsideDirectory,
  context: RemovalContext,
): Promise<Removal> {
  const name = path.basename(entry.path);
  if (!mayLieThere(entry.kind, folder, name)) return { skipped: `no ${entry.kind} belongs there` };
  if (isLeftoverName(folder, name) && !context.leftovers().has(path.join(context.cacheDir, folder, name)))
    return { skipped: 'its owner may be alive' };
  if (entry.kind === 'layer' || entry.kind === 'runtime' || entry.kind === 'orphan')
    return await removeLoose(entry, name, directory);
  const manifestPath = String(directory.at(manifestOfArtifact(name, isStaged(entry) ? entry.kind : 'base')));
  const found = { artifact: bigStat(String(directory.at(name))), manifest: bigStat(manifestPath) };
  const changed = changeSince(entry, found, String(directory.at(name)), manifestPath, context);
  if (changed !== undefined) return { skipped: changed };
  const bytes = isStaged(entry)
    ? await removeStaged(name, manifestPath, directory)
    : unlinkKnown(String(directory.at(name)), found.artifact) + unlinkKnown(manifestPath, found.manifest);
  if (context.hasInputs) forgetQuietly(context.cacheDir, entry.path);
  return { bytes };
}

interface Found {
  readonly artifact: fs.BigIntStats | undefined;
  readonly manifest: fs.BigIntStats | undefined;
}

/** Things without a manifest: identity is all there is to compare. */
async function removeLoose(
  entry: PrunePlanEntry,
  name: string,
  directory: InsideDirectory,
): Promise<Removal> {
  const stat = bigStat(String(directory.at(name)));
  if (!stat) return { skipped: 'it is gone already' };
  if (!sameIdentity(entry, stat)) return { skipped: 'it changed since the plan was made' };
  const committed = entry.kind === 'orphan' && bigStat(`${String(directory.at(name))}.json`) !== undefined;
  if (committed) return { skipped: 'a manifest commits it now' };
  return { bytes: await removeTree(directory, name) };
}

function changeSince(
  entry: PrunePlanEntry,
  { artifact, manifest: manifestStat }: Found,
  artifactPath: string,
  manifestPath: string,
  { plannedAt, read: bytes }: RemovalContext,
): string | undefined {
  const identity = artifact ?? manifestStat;
  if (!identity) return 'it is gone already';
  if (artifact?.isDirectory() && !isStaged(entry)) return 'a directory stands where the image belongs';
  if (!sameIdentity(entry, identity)) return 'it changed since the plan was made';
  const read = manifestStat ? readEntryManifest(manifestPath, bytes) : undefined;
  if (read === undefined && isStaged(entry) && isStagedDirectory(artifactPath)) return undefined;
  if (read === undefined) return 'no manifest commits it any more';
  if ('problem' in read)
    return entry.cache_key === '' || isStaged(entry)
      ? undefined
      : 'its manifest changed since the plan was made';
  if (entry.cache_key === '') return 'its manifest was mended since the plan was made';
  const { manifest } = read;
  if (manifest.kind !== entry.kind || manifest.cache_key !== entry.cache_key)
    return 'another image took its place';
  return wasUsedSince(manifest.last_used_at, entry, plannedAt) ? 'used since the plan was made' : undefined;
}

/** A plan from elsewhere may not carry the time; then the moment of the plan has to do. */
function wasUsedSince(lastUsed: number, entry: PrunePlanEntry, plannedAt: number): boolean {
  return entry.last_used_at === undefined ? lastUsed > plannedAt : lastUsed !== entry.last_used_at;
}

function isStaged(entry: PrunePlanEntry): entry is PrunePlanEntry & { kind: 'dataset' | 'model' | 'source' } {
  return entry.kind === 'dataset' || entry.kind === 'model' || entry.kind === 'source';
}

/** A directory's time changes with its contents; for a file, a rebuild changes the inode too. */
function sameIdentity(entry: PrunePlanEntry, stat: fs.BigIntStats): boolean {
  const { ino, mtimeNs } = identityOf(stat);
  return ino === entry.ino && mtimeNs === entry.mtime_ns;
}

/**
 * Unlinks a file just looked at; artifact before manifest: between the two the entry is listed as an image that is missing,
 * and a repeat finishes.
 */
function unlinkKnown(file: string, stat: fs.BigIntStats | undefined): number {
  if (!stat) return 0;
  fs.unlinkSync(file);
  return bytesOfStat(stat);
}

/** A tree goes away under a hidden name first: half a data set must never look complete. */
async function removeStaged(name: string, manifest: string, directory: InsideDirectory): Promise<number> {
  const hidden = `.hpc-compose-removing-${process.pid}-${name}`;
  try {
    fs.renameSync(directory.at(name), directory.at(hidden));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const freed = unlinkFile(manifest) ?? 0;
  return freed + (await removeTree(directory, hidden));
}

/** Our own record of an entry that is gone is of no use; failing to remove it harms nobody. */
function forgetQuietly(cacheDir: string, artifactPath: string): void {
  try {
    forgetInputs(cacheDir, artifactPath);
    forgetSecretTexts(cacheDir, artifactPath);
  } catch {
    // Left behind, and replaced when the same image is built again.
  }
}
