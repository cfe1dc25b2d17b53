// Masks the values of secret names in `NAME=value` entries, as the manifest's prepare_env holds them in clear.
// Source: spec contract, section 13; the replacement is hpc-compose's.
import type { Manifest } from '../model/cache.ts';

export const REDACTED = '<redacted>';

const SECRET_NAME =
  /SECRET|TOKEN|PASSWORD|PASSWD|API_KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIAL|AUTH|COOKIE|SESSION|BEARER/i;

/** `NAME=value` with the value masked when the name counts as secret or the value is a known secret; else as given. */
export function maskEntry(entry: string, secretValues: readonly string[] = []): string {
  const at = entry.indexOf('=');
  if (at < 0) return entry;
  const secret = SECRET_NAME.test(entry.slice(0, at)) || secretValues.includes(entry.slice(at + 1));
  return secret ? `${entry.slice(0, at)}=${REDACTED}` : entry;
}

/** The manifest as people and JSON of ours may see it; the same value when there is nothing to mask. */
export function maskManifest(manifest: Manifest, secretValues: readonly string[] = []): Manifest {
  const masked = manifest.prepare_env.map((entry) => maskEntry(entry, secretValues));
  const changed = masked.some((entry, index) => entry !== manifest.prepare_env[index]);
  return changed ? { ...manifest, prepare_env: masked } : manifest;
}
