// Says what is wrong with the shape of a block, all of it, each on the key or scalar at fault (R030, R032, R040-R047). Walks the
// located tree along the schema; run only where the compiled validators refused a block, or could not see all of it.
import type { Finding, FindingFix, Span } from '../../model/finding.ts';
import { parseMpiType } from '../grammar/mpiType.ts';
import { parseSignal } from '../grammar/signal.ts';
import {
  isNull,
  isTagged,
  type MapNode,
  type Pair,
  type ScalarNode,
  type SeqNode,
  type SpecNode,
} from '../node.ts';
import type { RuleCode } from '../rules/catalogue.ts';
import { findingOf, quoted, type Case } from '../rules/finding.ts';
import { dereferenced, takesText, typesOf, type Shape } from './shape.ts';
import { expectedWords, FORMAT_LIMITS, gotKeyWords, gotWords, wordsOfEnum } from './shapeWords.ts';
import type { Spot } from './spot.ts';
import { unknownKey } from './unknownKey.ts';
import { formInstead, wayOut } from './wayOut.ts';

/** All structural findings of a value under `shape`. */
export function explain(spot: Spot, shape: Shape): Finding[] {
  const real = dereferenced(shape);
  const at = real['x-untagged'] ? { ...spot, untagged: true } : spot;
  if (isTagged(at.node) && (at.untagged || at.noTags || real['x-variants'])) return [tagged(at)];
  if (real['x-rule']) return explainByRule(at, real);
  if (real['x-variants']) return explainVariants(at, real);
  if (real.anyOf) return explainForms(at, real);
  return explainKind(at, real);
}

function tagged(spot: Spot): Finding {
  const words = { expected: 'without a tag', got: `tagged ${spot.node.tag ?? ''}` };
  return make('R040', spot, spanOf(spot), { words });
}

function explainKind(spot: Spot, shape: Shape): Finding[] {
  const types = typesOf(shape);
  if (isNull(spot.node) && !isTagged(spot.node))
    return types.length === 0 || types.includes('null') ? [] : [missingValue(spot, shape)];
  if (isTagged(spot.node) && isNull(spot.node) && !shape.minProperties) {
    if (types.includes('array')) return [];
    if (types.includes('object')) return explainMap(spot, emptyMap(spot.node), shape);
  }
  if (spot.node.kind === 'map')
    return types.includes('object') ? explainMap(spot, spot.node, shape) : [wrongType(spot, shape)];
  if (spot.node.kind === 'seq')
    return types.includes('array') ? explainList(spot, spot.node, shape) : [wrongType(spot, shape)];
  return explainScalar(spot, spot.node, shape, types);
}

/** What a tag without a value is, where a mapping is wanted. */
function emptyMap({ span }: SpecNode): MapNode {
  return { kind: 'map', span, pairs: [] };
}

function explainScalar(spot: Spot, node: ScalarNode, shape: Shape, types: readonly string[]): Finding[] {
  if (shape.enum) return explainWord(spot, node, shape);
  // Values of parameters may be anything but tagged.
  if (isTagged(node) && types.includes('number')) return [tagged(spot)];
  if (types.includes('integer') && node.integer) return explainSize(spot, node, shape);
  if (types.includes('string') && typeof node.value === 'string') return [];
  if (types.includes('boolean') && typeof node.value === 'boolean') return [];
  if (types.includes('number') && (typeof node.value === 'number' || node.integer)) return [];
  return [wrongType(spot, shape)];
}

function explainWord(spot: Spot, node: ScalarNode, shape: Shape): Finding[] {
  // A local tag stands for the word: `!gpu` is gpu, and nothing may follow it.
  if (isTagged(node) && node.value !== null) return [wrongType(spot, shape)];
  const word = isTagged(node) ? (node.tag ?? '').slice(1) : node.value;
  if (typeof word !== 'string') return [wrongType(spot, shape)];
  if (shape.enum?.includes(word)) return [];
  const expected = wordsOfEnum(shape);
  if (spot.untagged)
    return [
      make('R044', spot, spanOf(spot), { words: { expected: `one of ${expected}`, got: quoted(word) } }),
    ];
  return [unknownKey.word(spot, word, shape, spanOf(spot))];
}

function explainSize(spot: Spot, node: ScalarNode, shape: Shape): Finding[] {
  const value = BigInt(node.value as number | bigint);
  const limit = FORMAT_LIMITS[shape.format ?? ''];
  if (value >= 0n && (limit === undefined || value <= limit)) return [];
  const words = { expected: `a whole number from 0 to ${limit ?? '…'}`, got: String(value) };
  return [
    make(spot.untagged ? 'R044' : 'R040', spot, spanOf(spot), {
      ...(spot.untagged ? {} : { variant: 'range' }),
      words,
    }),
  ];
}

/** Values with a rule of their own: type of MPI, name of a signal, matrix of a sweep. */
function explainByRule(spot: Spot, shape: Shape): Finding[] {
  const { node } = spot;
  if (shape['x-rule'] === 'R047') return explainMatrix(spot, shape);
  const value = node.kind === 'scalar' ? node.value : null;
  if (shape['x-rule'] === 'R045') {
    if (typeof value !== 'string') return [isNull(node) ? missingValue(spot, shape) : wrongType(spot, shape)];
    const type = parseMpiType(value);
    return type.ok ? [] : [make('R045', spot, spanOf(spot), { words: { problem: type.problem } })];
  }
  if (isTagged(node)) return [tagged(spot)];
  const isName = typeof value === 'string' || (node.kind === 'scalar' && node.integer === true);
  if (isName && parseSignal(String(value)).ok) return [];
  return [make('R046', spot, spanOf(spot), { words: { got: gotWords(node) } })];
}

function explainMatrix(spot: Spot, shape: Shape): Finding[] {
  const { node } = spot;
  if (node.kind === 'map') return explainForms(spot, shape);
  if (node.kind === 'scalar' && node.value === 'full') return [];
  return [make('R047', spot, spanOf(spot), {})];
}

/** Several forms: the one whose kind fits and that complains least speaks. */
function explainForms(spot: Spot, shape: Shape): Finding[] {
  let best: Finding[] | undefined;
  for (const form of shape.anyOf ?? []) {
    if (!fitsKind(spot.node, dereferenced(form))) continue;
    const found = explain(spot, form);
    if (found.length < (best?.length ?? Infinity)) best = found;
  }
  return best ?? [wrongType(spot, shape)];
}

function fitsKind(node: SpecNode, form: Shape): boolean {
  const types = form.anyOf ? form.anyOf.flatMap((each) => typesOf(dereferenced(each))) : typesOf(form);
  if (node.kind === 'map') return types.includes('object');
  if (node.kind === 'seq') return types.includes('array');
  if (node.value === null) return types.includes('null');
  return node.integer ? types.includes('integer') : types.includes(typeof node.value);
}

/** `readiness`: the keys hang on `type`; a list gives the values in the order of the keys. */
function explainVariants(spot: Spot, shape: Shape): Finding[] {
  const { node } = spot;
  if (isNull(node)) return [];
  if (node.kind === 'scalar') return [wrongType(spot, shape)];
  const variants = shape['x-variants'] ?? {};
  const type = node.kind === 'map' ? lastPair(node, 'type')?.value : node.items[0];
  const word = type?.kind === 'scalar' ? type.value : undefined;
  const variant = typeof word === 'string' && Object.hasOwn(variants, word) ? variants[word] : undefined;
  const inside = { ...spot, noTags: true };
  if (variant)
    return node.kind === 'map' ? explainMap(inside, node, variant) : explainTuple(inside, node, variant);
  const [any] = Object.values(variants);
  const typeShape = any?.properties?.type ?? {};
  if (!type) return [missingKey(spot, 'type')];
  const key = node.kind === 'map' ? (lastPair(node, 'type')?.key ?? spot.key) : spot.key;
  return explain({ ...inside, node: type, key, field: `${spot.field}.type` }, typeShape);
}

function explainMap(spot: Spot, node: MapNode, shape: Shape): Finding[] {
  const findings: Finding[] = [];
  for (const pair of node.pairs) findings.push(...explainPair(spot, pair, shape));
  for (const key of shape.required ?? []) if (!lastPair(node, key)) findings.push(missingKey(spot, key));
  return findings;
}

function explainPair(spot: Spot, { key, value }: Pair, shape: Shape): Finding[] {
  if (typeof key.value !== 'string') return [oddKey(spot, key)];
  const known = shape.properties;
  const below = known && Object.hasOwn(known, key.value) ? known[key.value] : shape.additionalProperties;
  if (below === true || below === undefined) return [];
  if (below === false) return [unknownKey.key(spot, key, shape)];
  return explain({ ...spot, node: value, key, field: `${spot.field}.${key.value}` }, below);
}

function explainList(spot: Spot, node: SeqNode, shape: Shape): Finding[] {
  const { items } = shape;
  if (items === undefined) return [];
  if (isTuple(items))
    return explainTuple(spot, node, { ...shape, properties: tupleProperties(shape, items) });
  return node.items.flatMap((item, index) =>
    explain({ ...spot, node: item, key: keyFor(item, spot.key), field: `${spot.field}[${index}]` }, items),
  );
}

function isTuple(items: Shape | readonly Shape[]): items is readonly Shape[] {
  return Array.isArray(items);
}

function tupleProperties(shape: Shape, items: readonly Shape[]): Readonly<Record<string, Shape>> {
  return Object.fromEntries((shape['x-positional'] ?? []).map((key, index) => [key, items[index] ?? {}]));
}

/** A list whose items stand for keys in their order. */
function explainTuple(spot: Spot, node: SeqNode, shape: Shape): Finding[] {
  const keys = shape['x-positional'] ?? [];
  const findings = node.items.flatMap((item, index) => {
    const key = keys[index];
    const at = { ...spot, node: item, key: keyFor(item, spot.key), field: `${spot.field}[${index}]` };
    return key === undefined ? [surplus(at)] : explain(at, shape.properties?.[key] ?? {});
  });
  const required = shape.required ?? keys.slice(0, shape.minItems ?? 0);
  const missing = required.filter((key) => keys.indexOf(key) >= node.items.length);
  return [...findings, ...missing.map((key) => missingKey(spot, key))];
}

function surplus(spot: Spot): Finding {
  return make(spot.untagged ? 'R044' : 'R040', spot, spanOf(spot), {
    words: { expected: 'absent', got: gotWords(spot.node) },
  });
}

/** An empty list item has no text of its own: findings about it sit on the list's key. Those about a mapping sit on its first key. */
function keyFor(item: SpecNode, above: ScalarNode): ScalarNode {
  const first = item.kind === 'map' ? item.pairs[0]?.key : undefined;
  if (first) return { ...above, span: first.span };
  return item.span.end > item.span.start && item.kind === 'scalar' ? { ...above, span: item.span } : above;
}

function lastPair(node: MapNode, key: string): Pair | undefined {
  return node.pairs.findLast((pair) => pair.key.value === key);
}

function missingKey(spot: Spot, key: string): Finding {
  if (spot.untagged) return make('R044', spot, spot.key.span, { variant: 'missing', words: { key } });
  return make('R042', spot, spot.key.span, { words: { key } });
}

/** Null where a value is needed. A null item of a list of mappings counts as an empty mapping. */
function missingValue(spot: Spot, shape: Shape): Finding {
  const [first] = shape.required ?? [];
  if (spot.field.endsWith(']') && first !== undefined) return missingKey(spot, first);
  return wrongType(spot, shape);
}

function oddKey(spot: Spot, key: ScalarNode): Finding {
  const words = { expected: 'keyed by texts', got: gotKeyWords(key) };
  return make(spot.untagged ? 'R044' : 'R040', spot, key.span, { words });
}

function wrongType(spot: Spot, shape: Shape): Finding {
  const code = spot.untagged ? 'R044' : 'R040';
  const { node } = spot;
  const words = { expected: expectedWords(shape), got: gotWords(node) };
  if (node.kind === 'scalar' && node.tag !== undefined)
    return make(code, spot, spanOf(spot), { words, advice: `Remove the tag ${shortTag(node.tag)}.` });
  if (node.kind === 'scalar' && takesText(shape) && node.value !== null && !shape.enum) {
    const form = formInstead(spot.field);
    if (form !== undefined) return make(code, spot, spanOf(spot), { words, advice: form });
    const fixes = node.alias ? [] : [quoteFix(node)];
    return make(code, spot, spanOf(spot), { variant: 'quote', words, fixes });
  }
  const way = wayOut(spot, shape);
  if (node.kind !== 'scalar' || typeof node.value !== 'string' || spot.untagged || way)
    return make(code, spot, spanOf(spot), { words, ...way });
  if (node.value.includes('$')) return make(code, spot, spanOf(spot), { variant: 'variable', words });
  const plain = unquoteFix(node, shape);
  return make(
    code,
    spot,
    spanOf(spot),
    plain ? { words, advice: 'Remove the quotes.', fixes: [plain] } : { words },
  );
}

/** `!!int` for the tag that the parser spells out. */
function shortTag(tag: string): string {
  return tag.replace(/^tag:yaml\.org,2002:/, '!!');
}

function quoteFix({ span }: ScalarNode): FindingFix {
  const at = (offset: number): Span => ({ ...span, start: offset, end: offset });
  return {
    title: 'Quote the value',
    edits: [
      { span: at(span.start), newText: '"' },
      { span: at(span.end), newText: '"' },
    ],
    preferred: true,
  };
}

/** `"4"` where a number is wanted, `"true"` where true or false is. */
function unquoteFix(node: ScalarNode, shape: Shape): FindingFix | undefined {
  const text = String(node.value);
  const types = typesOf(shape);
  const fits =
    (types.includes('integer') && /^(0|[1-9]\d*)$/.test(text)) ||
    (types.includes('boolean') && /^(true|false)$/.test(text));
  if (!fits || node.style === 'plain') return undefined;
  return {
    title: `Write ${text} without quotes`,
    edits: [{ span: node.span, newText: text }],
    preferred: true,
  };
}

/** The scalar itself; the key where the value is empty or is composed. */
function spanOf({ node, key }: Spot): Span {
  return node.kind === 'scalar' && node.span.end > node.span.start ? node.span : key.span;
}

function make(code: RuleCode, spot: Spot, span: Span, found: Partial<Case>): Finding {
  const service = spot.service === undefined ? {} : { service: spot.service };
  return findingOf(code, { field: spot.field, ...service, ...found, span });
}
