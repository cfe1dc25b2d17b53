// Masks the values of secret names in `NAME=value` entries, as the manifest's prepare_env holds them in clear.
import type { Manifest } from '../model/cache.ts';
import { REDACTED, isSecretVariable, secretMask, secretValuesOf } from '../model/mask.ts';

/** `NAME=value` with the value masked when the name counts as secret or a known secret is part of it; else as given. */
export function maskEntry(entry: string, secretValues: readonly string[] = []): string {
  const at = entry.indexOf('=');
  if (at < 0) return entry;
  const secret = isSecretVariable(entry.slice(0, at), entry.slice(at + 1), secretValues);
  return secret ? `${entry.slice(0, at)}=${REDACTED}` : entry;
}

/** The manifest as people and JSON of ours may see it; the same value when there is nothing to mask. */
export function maskManifest(manifest: Manifest, secretValues: readonly string[] = []): Manifest {
  const masked = manifest.prepare_env.map((entry) => maskEntry(entry, secretValues));
  const changed = masked.some((entry, index) => entry !== manifest.prepare_env[index]);
  const own = changed ? { ...manifest, prepare_env: masked } : manifest;
  const known = [...secretValues, ...secretValuesOf(manifest.prepare_env)];
  if (known.length === 0) return own;
  const mask = secretMask(known);
  return {
    ...own,
    source_image: mask(own.source_image),
    prepare_commands: own.prepare_commands.map(mask),
    prepare_mounts: own.prepare_mounts.map(mask),
  };
}
