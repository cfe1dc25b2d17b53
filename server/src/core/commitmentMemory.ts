// Images that were found committed, believed again while neither they nor their manifests changed: a server is asked about the
// same ones at every look. Anything but a plain hit is judged anew each time.
import fs from 'node:fs';
import { samePath } from '../model/paths.ts';
import type { ImageArtifact } from '../model/plan.ts';
import { commitmentOf, type Commitment } from './commitment.ts';
import type { BytesReader } from './manifestFile.ts';

/** commitmentOf, or something that answers as it does. */
export type Judge = (artifact: ImageArtifact, bytes: BytesReader) => Commitment;

/** A file that changed this shortly before it was read may change again without its times telling. */
const RACY_MS = 2000;
/** More than any one spec has. */
const LIMIT = 20_000;

interface Stamp {
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly changed: number;
}

/** A judge that remembers. Only for local file systems: others may tell old times. */
export function createCommitmentMemory(now: () => number = Date.now): Judge {
  const known = new Map<string, { readonly stamps: string; readonly commitment: Commitment }>();
  return (artifact, bytes) => {
    const image = stampOf(artifact.path);
    const manifest = stampOf(artifact.manifestPath);
    if (!image || !manifest) return commitmentOf(artifact, bytes);
    const key = `${artifact.kind} ${artifact.key} ${artifact.path}`;
    const stamps = `${image.text} ${manifest.text}`;
    const last = known.get(key);
    if (last?.stamps === stamps) return last.commitment;
    const readAt = now();
    const commitment = commitmentOf(artifact, bytes);
    const isSettled = Math.max(image.changed, manifest.changed) < readAt - RACY_MS;
    if (known.size >= LIMIT) known.clear();
    if (isSettled && isPlainHit(commitment, artifact)) known.set(key, { stamps, commitment });
    else known.delete(key);
    return commitment;
  };
}

/** Another spelling of the same place may cease to be one without the files changing. */
function isPlainHit(commitment: Commitment, artifact: ImageArtifact): boolean {
  return commitment.committed && samePath(commitment.manifest.artifact_path, artifact.path);
}

function stampOf(file: string): Stamp | undefined {
  try {
    const stat = fs.lstatSync(file, { throwIfNoEntry: false });
    if (!stat) return undefined;
    const { dev, ino, size, mode, mtimeMs, ctimeMs } = stat;
    return { text: [dev, ino, size, mode, mtimeMs, ctimeMs].join(' '), changed: Math.max(mtimeMs, ctimeMs) };
  } catch {
    return undefined;
  }
}
