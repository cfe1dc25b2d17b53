// The parts of a key, named for people, so that "why was this rebuilt" can compare two builds. Secret values appear as digests only.
import type { Backend, ImageSource, KeyInput, PreparePlan } from '../model/plan.ts';
import { comparableMask, isSecretVariable, redactedDigest, secretValuesOf } from '../model/mask.ts';

/** What a base image is made from. */
export function baseInputs(
  reference: string,
  toolVersion: string,
  secretValues: ReadonlySet<string>,
): KeyInput[] {
  return [
    { input: 'image', value: comparableMask(secretValues)(reference) },
    { input: 'tool version', value: toolVersion },
  ];
}

export interface PreparedInputParts {
  readonly source: ImageSource;
  readonly fingerprint: string | undefined;
  readonly backend: Backend;
  readonly toolVersion: string;
  readonly prepare: PreparePlan;
  readonly secretValues: ReadonlySet<string>;
}

/** What a prepared image is made from, in the order of its key. */
export function preparedInputs(parts: PreparedInputParts): KeyInput[] {
  const { source, fingerprint, prepare } = parts;
  const shown = comparableMask([...parts.secretValues, ...secretValuesOf(prepare.env)]);
  const image = source.kind === 'remote' ? source.reference : source.kind === 'host' ? 'host' : source.path;
  return [
    { input: 'image', value: shown(image) },
    ...(fingerprint === undefined ? [] : [{ input: 'image content', value: fingerprint }]),
    { input: 'tool version', value: parts.toolVersion },
    { input: 'backend', value: parts.backend },
    ...prepare.commands.map((value, index) => ({ input: `command ${index + 1}`, value: shown(value) })),
    ...prepare.mounts.map((value, index) => ({ input: `mount ${index + 1}`, value: shown(value) })),
    ...environmentInputs(prepare.env, parts.secretValues),
    { input: 'root', value: String(prepare.root) },
  ];
}

function environmentInputs(env: readonly string[], secretValues: ReadonlySet<string>): KeyInput[] {
  return env.map((entry) => {
    const cut = entry.indexOf('=');
    const name = entry.slice(0, cut);
    const value = entry.slice(cut + 1);
    const secret = isSecretVariable(name, value, secretValues);
    return { input: `variable ${name}`, value: secret ? redactedDigest(value) : value };
  });
}
