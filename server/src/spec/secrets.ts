// The values of `secrets:` (spec contract, sections 0 and 7; rule R053). Declarations themselves are judged by R050 to R052.
import type { Finding } from '../model/finding.ts';
import type { SpecFiles } from './files.ts';
import { expandHome } from './grammar/localPath.ts';
import { isIdentifier, trim } from './grammar/text.ts';
import { isNull, stringOf, valueOf, type MapNode, type Pair } from './node.ts';
import { joinPath, parentPath } from '../model/paths.ts';
import { findingOf } from './rules/finding.ts';
import type { Variable } from './variables.ts';

export interface SecretsInput {
  /** The merged root, before interpolation. */
  readonly root: MapNode | undefined;
  readonly specPath: string;
  readonly variables: ReadonlyMap<string, Variable>;
  readonly files: SpecFiles;
  /** What `~` means in a secret's file. */
  readonly userHome: string | undefined;
}

export interface Secrets {
  readonly values: ReadonlyMap<string, string>;
  /** Declared names without a value: using one is no mistake of its own. */
  readonly unresolved: ReadonlySet<string>;
  readonly findings: readonly Finding[];
  readonly pending: readonly string[];
}

/** Looks every declared secret up: a file relative to the spec's directory, or a variable of the layers below. */
export function resolveSecrets(input: SecretsInput): Secrets {
  const node = valueOf(input.root, 'secrets');
  const result = {
    values: new Map<string, string>(),
    unresolved: new Set<string>(),
    findings: [] as Finding[],
    pending: [] as string[],
  };
  for (const pair of node?.kind === 'map' ? node.pairs : []) {
    const name = String(pair.key.value);
    const value = valueOfSecret(pair, name, input, result);
    if (value === undefined) result.unresolved.add(name);
    else result.values.set(name, value);
  }
  return result;
}

interface Report {
  readonly findings: Finding[];
  readonly pending: string[];
}

function valueOfSecret(pair: Pair, name: string, input: SecretsInput, report: Report): string | undefined {
  const file = stringOf(valueOf(pair.value, 'file'));
  const variable = stringOf(valueOf(pair.value, 'env'));
  if (!isIdentifier(name) || !isWellFormed(pair)) return undefined;
  if (file !== undefined && variable === undefined) return readSecretFile(pair, name, file, input, report);
  if (variable === undefined || file !== undefined) return undefined;
  const found = input.variables.get(variable)?.value;
  if (found === undefined) {
    const words = { name, variable };
    report.findings.push(
      findingOf('R053', { variant: 'env', span: placeOf(pair, 'env'), field: `secrets.${name}.env`, words }),
    );
  }
  return found;
}

function readSecretFile(
  pair: Pair,
  name: string,
  file: string,
  input: SecretsInput,
  report: Report,
): string | undefined {
  const path = joinPath(parentPath(input.specPath), expandHome(file, input.userHome));
  const state = input.files.read(path);
  if (state.kind === 'text') return trim(state.text);
  if (state.kind === 'pending') {
    report.pending.push(path);
    return undefined;
  }
  const cause = state.kind === 'missing' ? 'it does not exist' : state.reason;
  const words = { name, file: path, cause };
  const field = `secrets.${name}.file`;
  report.findings.push(findingOf('R053', { span: placeOf(pair, 'file'), field, words }));
  return undefined;
}

function isWellFormed({ value }: Pair): boolean {
  if (value.kind !== 'map') return false;
  return value.pairs.every(
    ({ key, value: source }) =>
      (key.value === 'file' || key.value === 'env') && (stringOf(source) !== undefined || isNull(source)),
  );
}

function placeOf(pair: Pair, key: string) {
  return (valueOf(pair.value, key) ?? pair.value).span;
}
