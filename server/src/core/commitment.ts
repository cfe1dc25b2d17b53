// Whether an image is committed, which is what makes a prepare reuse it: a regular file with a manifest of its kind, key and
// path (cache contract, section 4). If it is not, the one reason, in a code and in words.
import type fs from 'node:fs';
import type { Manifest } from '../model/cache.ts';
import type { ImageArtifact } from '../model/plan.ts';
import { imageDamage, isSamePlace } from './committed.ts';
import { fileBytes, lstatOrNothing } from './diskUsage.ts';
import { nodeFiles } from './files.ts';
import { readEntryManifest, type BytesReader } from './manifestFile.ts';

export type NotCommitted =
  | 'absent'
  | 'manifest-missing'
  | 'manifest-damaged'
  | 'image-missing'
  | 'not-a-file'
  | 'damaged'
  | 'other-key'
  | 'moved';

export type Commitment =
  | {
      readonly committed: true;
      readonly manifest: Manifest;
      /** Of the image, on disk. */
      readonly bytes: number;
    }
  | {
      readonly committed: false;
      readonly manifest: Manifest | undefined;
      readonly reason: NotCommitted;
      /** A sentence for people. */
      readonly problem: string;
    };

/** Judges an image by what lies on disk now. */
export function commitmentOf(artifact: ImageArtifact, bytes: BytesReader): Commitment {
  const stat = lstatOrNothing(artifact.path);
  const read = readEntryManifest(artifact.manifestPath, bytes);
  if (read === undefined) return stat ? withoutManifest(stat) : no('absent', 'never built in this cache');
  if ('problem' in read)
    return no('manifest-damaged', `present but not committed, will be built again: ${read.problem}`);
  const { manifest } = read;
  if (!stat) return no('image-missing', 'the image file is missing, only its manifest is there', manifest);
  if (!stat.isFile()) return no('not-a-file', notAFile(stat), manifest);
  if (manifest.kind !== artifact.kind || manifest.cache_key !== artifact.key)
    return no('other-key', 'the manifest belongs to another image (kind or key differ)', manifest);
  if (!isSamePlace(manifest.artifact_path, artifact.path, nodeFiles))
    return no(
      'moved',
      `recorded at ${manifest.artifact_path}: the cache was moved; \`cache adopt\` makes it a hit`,
      manifest,
    );
  const damage = damageOf(artifact.path, stat.size);
  if (damage !== undefined) return no('damaged', damage, manifest);
  return { committed: true, manifest, bytes: fileBytes(stat) };
}

function withoutManifest(stat: fs.Stats): Commitment {
  return stat.isFile()
    ? no('manifest-missing', 'present but not committed, will be built again: its manifest is missing')
    : no('not-a-file', notAFile(stat));
}

function notAFile(stat: fs.Stats): string {
  if (stat.isSymbolicLink()) return 'a link stands where the image belongs; prepare replaces it';
  return 'what stands where the image belongs is no file; remove it';
}

function no(reason: NotCommitted, problem: string, manifest?: Manifest): Commitment {
  return { committed: false, manifest, reason, problem };
}

/** An image that cannot be read is judged by its manifest alone. */
function damageOf(file: string, size: number): string | undefined {
  try {
    return imageDamage(file, size, nodeFiles);
  } catch {
    return undefined;
  }
}
