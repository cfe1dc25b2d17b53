// The committed test: is there an image that prepare may reuse as it is? Cache contract, section 4, plus what the peer leaves
// out: another spelling of the same place is a hit, an empty or cut-off image is none.
import { constants } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Manifest } from '../model/cache.ts';
import { samePath } from '../model/paths.ts';
import type { ImageArtifact } from '../model/plan.ts';
import { lstatIfThere, type FileSystem } from './files.ts';
import { readManifestFile } from './manifest.ts';

/** The manifest of a committed image, or undefined and the reason in a sentence. */
export interface Committed {
  readonly manifest: Manifest | undefined;
  /** Why an image that is there is not reused; undefined when there is none, or when it is committed. */
  readonly problem: string | undefined;
}

/** Looks at an artifact without any lock. Never throws for what it finds there. */
export function committedManifest(artifact: ImageArtifact, files: FileSystem): Committed {
  try {
    const stat = lstatIfThere(files, artifact.path);
    if (!stat) return { manifest: undefined, problem: undefined };
    if (!stat.isFile()) return refused('what is there is not a regular file');
    const manifest = readManifestFile(artifact.manifestPath, files);
    if (!manifest) return refused('its manifest is missing, so it may be incomplete');
    const mismatch = mismatchOf(manifest, artifact, files) ?? imageDamage(artifact.path, stat.size, files);
    return mismatch === undefined ? { manifest, problem: undefined } : refused(mismatch);
  } catch (error) {
    return refused(`its manifest cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function refused(problem: string): Committed {
  return { manifest: undefined, problem };
}

function mismatchOf(manifest: Manifest, artifact: ImageArtifact, files: FileSystem): string | undefined {
  if (manifest.kind !== artifact.kind) return `its manifest is of kind ${manifest.kind}`;
  if (manifest.cache_key !== artifact.key) return 'its manifest has another key';
  if (!isSamePlace(manifest.artifact_path, artifact.path, files))
    return `its manifest belongs to ${manifest.artifact_path}`;
  return undefined;
}

/** True when both paths are the same file in the same directory, whatever links lead there. */
export function isSamePlace(recorded: string, actual: string, files: FileSystem): boolean {
  if (samePath(recorded, actual)) return true;
  if (basename(recorded) !== basename(actual)) return false;
  try {
    return samePath(
      join(files.realpath(dirname(recorded)), basename(recorded)),
      join(files.realpath(dirname(actual)), basename(actual)),
    );
  } catch {
    return false;
  }
}

const SUPERBLOCK_BYTES = 96;
/** Offset of `bytes_used`, a 64-bit little-endian number, in a squashfs 4.0 superblock. */
const BYTES_USED_OFFSET = 40;

/**
 * Says what is wrong with an image file as far as its first bytes tell: empty, or shorter than its superblock says.
 * Files of other formats pass.
 */
export function imageDamage(path: string, size: number, files: FileSystem): string | undefined {
  if (size === 0) return 'the image is empty';
  if (path.endsWith('.sif')) return undefined;
  const head = Buffer.alloc(SUPERBLOCK_BYTES);
  const fd = files.open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  let count: number;
  try {
    count = files.read(fd, head, 0);
  } finally {
    files.close(fd);
  }
  if (head.toString('latin1', 0, 4) !== 'hsqs') return undefined;
  if (count < SUPERBLOCK_BYTES) return 'the image is cut off inside its header';
  const used = head.readBigUInt64LE(BYTES_USED_OFFSET);
  return BigInt(size) < used ? `the image is cut off: ${size} of ${used} bytes` : undefined;
}
