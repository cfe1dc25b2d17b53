// Images that were found committed, believed again while neither they nor their manifests changed: a server is asked about the
// same ones at every look. Anything but a plain hit is judged anew each time.
import type fs from 'node:fs';
import { samePath } from '../model/paths.ts';
import type { ImageArtifact } from '../model/plan.ts';
import { commitmentOf, type Commitment } from './commitment.ts';
import { lstatOrNothing } from './diskUsage.ts';
import type { BytesReader } from './manifestFile.ts';

/** commitmentOf, or something that answers as it does. */
export type Judge = (artifact: ImageArtifact, bytes: BytesReader) => Commitment;

/** A file that changed this shortly before it was read may change again without its times telling. */
const RACY_MS = 2000;
/** More than any one spec has. */
const LIMIT = 20_000;

interface Remembered {
  readonly artifact: ImageArtifact;
  readonly image: fs.Stats;
  readonly manifest: fs.Stats;
  readonly commitment: Commitment;
}

/** A judge that remembers. Only for local file systems: others may tell old times. */
export function createCommitmentMemory(now: () => number = Date.now): Judge {
  const known = new Map<string, Remembered>();
  return (artifact, bytes) => {
    const image = lstatOrNothing(artifact.path);
    const manifest = lstatOrNothing(artifact.manifestPath);
    if (!image || !manifest) return commitmentOf(artifact, bytes);
    const last = known.get(artifact.path);
    if (last && isSame(last, { artifact, image, manifest })) return last.commitment;
    const readAt = now();
    const commitment = commitmentOf(artifact, bytes);
    const isSettled = Math.max(changedAt(image), changedAt(manifest)) < readAt - RACY_MS;
    if (known.size >= LIMIT) known.clear();
    if (isSettled && isPlainHit(commitment, artifact))
      known.set(artifact.path, { artifact, image, manifest, commitment });
    else known.delete(artifact.path);
    return commitment;
  };
}

function isSame(last: Remembered, { artifact, image, manifest }: Omit<Remembered, 'commitment'>): boolean {
  return (
    last.artifact.kind === artifact.kind &&
    last.artifact.key === artifact.key &&
    isUnchanged(last.image, image) &&
    isUnchanged(last.manifest, manifest)
  );
}

/** Blocks as well: some file systems count them only when they write, without a new time. */
function isUnchanged(last: fs.Stats, stat: fs.Stats): boolean {
  return (
    last.ino === stat.ino &&
    last.dev === stat.dev &&
    last.mtimeMs === stat.mtimeMs &&
    last.ctimeMs === stat.ctimeMs &&
    last.size === stat.size &&
    last.mode === stat.mode &&
    last.blocks === stat.blocks
  );
}

/** Milliseconds since the epoch. */
function changedAt({ mtimeMs, ctimeMs }: fs.Stats): number {
  return Math.max(mtimeMs, ctimeMs);
}

/** Another spelling of the same place may cease to be one without the files changing. */
function isPlainHit(commitment: Commitment, artifact: ImageArtifact): boolean {
  return commitment.committed && samePath(commitment.manifest.artifact_path, artifact.path);
}
