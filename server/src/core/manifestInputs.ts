// The inputs of a key as a manifest tells them, under the names that the plan uses: so builds of other tools can be compared too.
import type { Manifest } from '../model/cache.ts';
import { isSecretVariable, redactedDigest } from '../model/mask.ts';
import type { KeyInput } from '../model/plan.ts';

/** Inputs of the image that a manifest commits. Secret values appear as digests, as in a plan's inputs. */
export function inputsOfManifest(manifest: Manifest, secretValues: readonly string[]): KeyInput[] {
  const image = { input: 'image', value: manifest.source_image };
  const version = { input: 'tool version', value: manifest.tool_version };
  if (manifest.kind === 'base') return [image, version];
  return [
    image,
    version,
    ...numbered('command', manifest.prepare_commands),
    ...numbered('mount', manifest.prepare_mounts),
    ...manifest.prepare_env.map((entry) => variable(entry, secretValues)),
    { input: 'root', value: String(manifest.prepare_root ?? true) },
  ];
}

function numbered(input: string, values: readonly string[]): KeyInput[] {
  return values.map((value, index) => ({ input: `${input} ${index + 1}`, value }));
}

function variable(entry: string, secretValues: readonly string[]): KeyInput {
  const cut = entry.indexOf('=');
  const [name, value] = [entry.slice(0, cut), entry.slice(cut + 1)];
  const secret = isSecretVariable(name, value, secretValues);
  return { input: `variable ${name}`, value: secret ? redactedDigest(value) : value };
}
