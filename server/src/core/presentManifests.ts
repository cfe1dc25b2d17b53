// Manifests of one directory that are there to be read, for everything that goes through their names.
import { artifactOfManifest, isStagedSidecar } from './cacheNames.ts';
import type { BytesReader } from './manifestFile.ts';
import { isDirectory, joinSpelled } from './scan.ts';

/** Called with each manifest in order. Names that are gone are left out, and sidecars of staged data that is no directory. */
export function eachPresentManifest(
  directory: string,
  names: readonly string[],
  read: BytesReader,
  take: (bytes: NonNullable<ReturnType<BytesReader>>, manifestPath: string, artifactPath: string) => void,
): void {
  for (const name of names) {
    const manifestPath = joinSpelled(directory, name);
    const artifactPath = artifactOfManifest(manifestPath);
    if (isStagedSidecar(name) && !isDirectory(artifactPath)) continue;
    const bytes = read(manifestPath);
    if (bytes !== undefined) take(bytes, manifestPath, artifactPath);
  }
}
