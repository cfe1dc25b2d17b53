// One spec as its author means it: bases merged in, secrets looked up, variables replaced (stages 3 to 10 of the spec contract,
// section 0). Pure: other files come through `SpecFiles`; what is not read yet is listed in `pending`, and nothing that hangs on it is reported.
import type { Finding, Severity } from '../model/finding.ts';
import { isSecretName } from '../model/mask.ts';
import type { Text } from '../model/text.ts';
import { checkEnvFiles } from './envFiles.ts';
import { resolveExtends, type ParseSpec } from './extends.ts';
import type { SpecFiles } from './files.ts';
import {
  interpolateNode,
  type DefaultedVariable,
  type InterpolatedNode,
  type InterpolationScope,
} from './interpolateNode.ts';
import { ROOT_FIELDS, SERVICE_FIELDS } from './interpolatedFields.ts';
import { isSameList, NOTHING_KEPT, type Kept } from './kept.ts';
import { nearestName } from './nearestName.ts';
import { valueOf, type MapNode, type Pair, type SpecNode } from './node.ts';
import { resolveSecrets, type Secrets } from './secrets.ts';
import type { Variables } from './variables.ts';

export interface ResolveInput {
  /** Absolute path of the spec as given (links not followed). */
  readonly path: string;
  readonly text: Text;
  /** The tree of `text`. */
  readonly root: SpecNode | undefined;
  readonly files: SpecFiles;
  readonly parse: ParseSpec;
  /** Variables below `secrets:`; see layerVariables. */
  readonly variables: Variables;
  readonly userHome: string | undefined;
  /** Severity of R060; a warning where variables cannot be known. */
  readonly missingSeverity?: Severity;
  /** The text that spans of this file, or of blocks of the spec, count in; absent: the spec's own text and those of its bases. */
  readonly textOf?: (file: string) => string | undefined;
  /** Keeps blocks that were interpolated before. */
  readonly kept?: Kept;
}

export interface ResolvedSpec {
  /** Merged and interpolated; undefined when the text is no mapping. `steps` is called `services`. */
  readonly root: MapNode | undefined;
  /** Merged, before interpolation. */
  readonly merged: MapNode | undefined;
  readonly findings: readonly Finding[];
  /** Absolute paths of files to be read before the result is final. */
  readonly pending: readonly string[];
  /** Texts of base files by the path that spans carry. */
  readonly baseTexts: ReadonlyMap<string, string>;
  /** Values that must not be shown. */
  readonly secretValues: readonly string[];
  /** R170 findings, to be used in strict-env mode. */
  readonly defaulted: readonly DefaultedVariable[];
  /** What variables mean in this spec, for hover and for blocks that are interpolated again alone. */
  readonly scope: InterpolationScope;
  /** A root base is missing: absent root keys may come from it. */
  readonly incomplete: boolean;
  /** Services whose base is missing. */
  readonly incompleteServices: ReadonlySet<string>;
}

/** Resolves one spec. Never throws. */
export function resolveSpec(input: ResolveInput): ResolvedSpec {
  const { kept = NOTHING_KEPT } = input;
  const extended = resolveExtends(input.path, input.root, input.files, input.parse, kept);
  const secrets = resolveSecrets({
    root: extended.root,
    specPath: input.path,
    variables: input.variables.byName,
    files: input.files,
    userHome: input.userHome,
  });
  const used = new Set<string>();
  const textOf = (file: string) => extended.texts.get(file) ?? input.textOf?.(file) ?? input.text.toString();
  const scope = createScope(input, secrets, textOf, used);
  const meaning = kept.steady('meaning', meaningOf(input, secrets), isSameMeaning);
  const interpolated = extended.root
    ? interpolateRoot(extended.root, scope, { kept, meaning, used })
    : undefined;
  const envFiles = kept
    .found('env files', servicesOf(interpolated?.node), (pair) =>
      valueOf(pair.value, 'env_file') === undefined ? undefined : pair,
    )
    .map(({ key, value }) => checkEnvFiles(value, String(key.value), input.path, input.files));
  return {
    root: interpolated?.node,
    merged: extended.root,
    findings: [
      ...input.variables.findings,
      ...extended.findings,
      ...secrets.findings,
      ...(interpolated?.findings ?? []),
      ...envFiles.flatMap(({ findings }) => findings),
    ],
    pending: [
      ...input.variables.pending,
      ...extended.pending,
      ...secrets.pending,
      ...envFiles.flatMap(({ pending }) => pending),
    ],
    baseTexts: extended.texts,
    secretValues: secretValuesOf(input.variables, secrets, used),
    defaulted: interpolated?.defaulted ?? [],
    scope,
    incomplete: extended.incomplete,
    incompleteServices: extended.incompleteServices,
  };
}

/** What is kept of interpolated blocks, and what they depend on beside their own text. */
interface Keeping {
  readonly kept: Kept;
  /** The same value as long as every variable means the same. */
  readonly meaning: Meaning;
  /** Names of variables that the spec uses. */
  readonly used: Set<string>;
}

/** An entry with the names that it asks for: whoever takes a kept one uses these as well. */
interface Interpolated extends Omit<InterpolatedNode, 'node'> {
  readonly pair: Pair;
  readonly names: ReadonlySet<string>;
  /** True when there is nothing but the pair: so it is with nearly all. */
  readonly isPlain: boolean;
}

/** Interpolates a whole merged root: root keys first, then services, each as one block. */
function interpolateRoot(
  root: MapNode,
  scope: InterpolationScope,
  { kept, meaning, used }: Keeping,
): InterpolatedNode<MapNode> {
  const findings: Finding[] = [];
  const defaulted: DefaultedVariable[] = [];
  const take = (result: Interpolated): Pair => {
    if (result.isPlain) return result.pair;
    for (const finding of result.findings) findings.push(finding);
    for (const one of result.defaulted) defaulted.push(one);
    for (const name of result.names) used.add(name);
    return result.pair;
  };
  const pairs = root.pairs.map((pair) => {
    const key = String(pair.key.value);
    const rule = Object.hasOwn(ROOT_FIELDS.keys ?? {}, key) ? ROOT_FIELDS.keys?.[key] : undefined;
    if (!rule) return pair;
    if (!rule.values) {
      const interpolate = (inner: InterpolationScope) => interpolateNode(pair.value, rule, inner, key);
      return take(kept.of('interpolated', pair, [meaning], () => interpolatePair(pair, scope, interpolate)));
    }
    if (pair.value.kind !== 'map') return pair;
    const services = kept.each('services', pair.value.pairs, [meaning], (service) =>
      interpolatePair(service, scope, (inner) =>
        interpolateService(service.value, String(service.key.value), inner),
      ),
    );
    const noted = kept.found('noted', services, (one) => (one.isPlain ? undefined : one));
    take(kept.of('noted together', noted, [], () => together(pair, noted)));
    return { key: pair.key, value: { ...pair.value, pairs: kept.map('pairs', services, (one) => one.pair) } };
  });
  return { node: { ...root, pairs }, findings, defaulted };
}

/** What several entries of one pair tell. */
function together(pair: Pair, all: readonly Interpolated[]): Interpolated {
  return {
    pair,
    findings: all.flatMap(({ findings }) => findings),
    defaulted: all.flatMap(({ defaulted }) => defaulted),
    names: new Set(all.flatMap(({ names }) => [...names])),
    isPlain: all.length === 0,
  };
}

function interpolatePair(
  pair: Pair,
  scope: InterpolationScope,
  interpolate: (scope: InterpolationScope) => InterpolatedNode,
): Interpolated {
  const names = new Set<string>();
  const lookup = (name: string) => scope.lookup((names.add(name), name));
  const { node, findings, defaulted } = interpolate({ ...scope, lookup });
  const isPlain = findings.length + defaulted.length + names.size === 0;
  const result = node === pair.value ? pair : { key: pair.key, value: node };
  return { pair: result, findings, defaulted, names, isPlain };
}

/** Interpolates one service block. */
export function interpolateService(
  service: SpecNode,
  name: string,
  scope: InterpolationScope,
): InterpolatedNode {
  return interpolateNode(service, SERVICE_FIELDS, scope, `services.${name}`, name);
}

/** Everything that the interpolation of a block depends on beside the block. */
interface Meaning extends Pick<ResolveInput, 'missingSeverity'> {
  readonly variables: Variables['byName'];
  readonly isPending: boolean;
  readonly secrets: Secrets['values'];
  readonly unresolved: Secrets['unresolved'];
}

function meaningOf({ variables, missingSeverity }: ResolveInput, secrets: Secrets): Meaning {
  const { values, unresolved } = secrets;
  const isPending = variables.pending.length > 0;
  const severity = missingSeverity === undefined ? {} : { missingSeverity };
  return { variables: variables.byName, isPending, secrets: values, unresolved, ...severity };
}

/** The same names with the same values in the same order: suggestions go by the order. */
function isSameMeaning(a: Meaning, b: Meaning): boolean {
  return (
    a.missingSeverity === b.missingSeverity &&
    a.isPending === b.isPending &&
    saySame(a.variables, b.variables) &&
    isSameList([...a.secrets].flat(), [...b.secrets].flat()) &&
    isSameList([...a.unresolved], [...b.unresolved])
  );
}

function saySame(a: Meaning['variables'], b: Meaning['variables']): boolean {
  if (a === b) return true;
  return (
    isSameList([...a.keys()], [...b.keys()]) &&
    [...a].every(([name, { value }]) => b.get(name)?.value === value)
  );
}

function createScope(
  { variables, missingSeverity }: ResolveInput,
  secrets: Secrets,
  textOf: (file: string) => string | undefined,
  used: Set<string>,
): InterpolationScope {
  const known = variables.byName;
  return {
    lookup: (name) => {
      used.add(name);
      return secrets.values.get(name) ?? known.get(name)?.value;
    },
    textOf,
    isUnknowable: (name) => variables.pending.length > 0 || secrets.unresolved.has(name),
    suggest: (name) => nearestName(name, [...secrets.values.keys(), ...known.keys()]),
    ...(missingSeverity === undefined ? {} : { missingSeverity }),
  };
}

/** Values of `secrets:`, and of variables with secret names as far as the spec uses them. Empty values hide nothing. */
function secretValuesOf({ byName }: Variables, secrets: Secrets, used: ReadonlySet<string>): string[] {
  const values = new Set(secrets.values.values());
  for (const name of used) {
    const value = byName.get(name)?.value;
    if (value !== undefined && isSecretName(name)) values.add(value);
  }
  values.delete('');
  return [...values];
}

function servicesOf(root: MapNode | undefined): readonly Pair[] {
  const services = valueOf(root, 'services');
  return services?.kind === 'map' ? services.pairs : [];
}
