// Documents of the `yaml` library -> located nodes: own typing, aliases resolved in document order and counted, duplicate keys.
// Aliased subtrees are shared, never copied, so an alias bomb costs nothing before its expansion limit speaks.
import {
  isAlias,
  isMap,
  isScalar,
  type Alias,
  type Document,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { Finding, Span } from '../../model/finding.ts';
import type { MapNode, Pair, ScalarNode, SeqNode, SpecNode } from '../node.ts';
import { findingOf } from '../rules/finding.ts';
import { DEPTH_LIMIT } from './composeDocuments.ts';
import { refusal, textOtherwise } from './scalarText.ts';
import { plainValue, taggedValue } from './scalarValue.ts';

/** Jumps through aliases allowed for each node of the document, as in hpc-compose's parser. */
const JUMPS_PER_EVENT = 100;
/** Nodes after expansion that we are willing to walk. */
export const EXPANDED_LIMIT = 2_000_000;

const STYLES: Readonly<Record<string, ScalarNode['style']>> = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_LITERAL: 'literal',
  BLOCK_FOLDED: 'folded',
};

/** What an anchor stands for. */
export interface Anchored {
  /** Undefined while the node that carries the anchor is still open. */
  node: SpecNode | undefined;
  jumps: number;
  size: number;
  height: number;
}

/** What one conversion carries along. */
interface Reading {
  readonly file: string;
  readonly text: string;
  readonly findings: Finding[];
  readonly anchors: Map<string, Anchored>;
  readonly known: ReadonlyMap<string, Anchored>;
  readonly unknown: Set<string>;
  readonly path: string[];
  jumps: number;
  size: number;
  events: number;
  /** Deepest collection seen since the last reset; aliases count with their height. */
  deepest: number;
  stopped: boolean;
}

type YamlNode = Alias | Scalar | YAMLMap | YAMLSeq;

export interface NodesOfDocument {
  readonly root: SpecNode | undefined;
  readonly findings: readonly Finding[];
  /** Anchors of this document by name, as they stand at its end. */
  readonly anchors: ReadonlyMap<string, Anchored>;
  /** Names of aliases whose anchors are not in this text. */
  readonly unknown: ReadonlySet<string>;
  /** Jumps through aliases, and nodes once all of them are followed. */
  readonly jumps: number;
  readonly size: number;
}

/** The tree of one document with R004 (aliases, tags, depth) and R006 (duplicate keys). `known` are anchors of the text before it. */
export function toNodes(
  document: Document.Parsed,
  text: string,
  file: string,
  known: ReadonlyMap<string, Anchored> = new Map(),
): NodesOfDocument {
  const reading: Reading = {
    file,
    text,
    findings: [],
    anchors: new Map(),
    known,
    unknown: new Set(),
    path: [],
    jumps: 0,
    size: 0,
    events: 0,
    deepest: 0,
    stopped: false,
  };
  const contents = document.contents as YamlNode | null;
  const root = contents ? convert(reading, contents, 1) : undefined;
  checkExpansion(reading, root);
  const { findings, anchors, unknown, jumps, size } = reading;
  return { root: reading.stopped ? undefined : root, findings, anchors, unknown, jumps, size };
}

function checkExpansion(reading: Reading, root: SpecNode | undefined): void {
  if (reading.jumps <= reading.events * JUMPS_PER_EVENT && reading.size <= EXPANDED_LIMIT) return;
  const span = root ? { ...root.span, end: root.span.start } : spanAt(reading, 0, 0);
  stop(
    reading,
    span,
    'aliases repeat too much: the document would expand beyond every limit (repetition limit exceeded)',
  );
}

function stop(reading: Reading, span: Span, message: string): void {
  if (reading.stopped) return;
  reading.stopped = true;
  reading.findings.push(findingOf('R004', { span, words: { cause: message } }));
}

function convert(reading: Reading, node: YamlNode, depth: number): SpecNode {
  if (isAlias(node)) return resolveAlias(reading, node, depth);
  reading.size += 1;
  reading.events += isScalar(node) ? 1 : 2;
  return node.anchor === undefined
    ? convertContent(reading, node, depth)
    : convertAnchored(reading, node, node.anchor, depth);
}

function convertContent(reading: Reading, node: Scalar | YAMLMap | YAMLSeq, depth: number): SpecNode {
  if (isScalar(node)) return scalarNode(reading, node);
  reading.deepest = Math.max(reading.deepest, depth);
  if (depth > DEPTH_LIMIT) {
    stop(reading, spanAt(reading, node.range?.[0] ?? 0, (node.range?.[0] ?? 0) + 1), tooDeep());
    return nullAt(reading, node.range?.[0] ?? 0);
  }
  return isMap(node) ? mapNode(reading, node, depth) : seqNode(reading, node, depth);
}

function tooDeep(): string {
  return `nesting is deeper than ${DEPTH_LIMIT} levels (recursion limit exceeded)`;
}

function convertAnchored(
  reading: Reading,
  node: Scalar | YAMLMap | YAMLSeq,
  name: string,
  depth: number,
): SpecNode {
  const before = { jumps: reading.jumps, size: reading.size, deepest: reading.deepest };
  const anchored: Anchored = { node: undefined, jumps: 0, size: 0, height: 0 };
  reading.anchors.set(name, anchored);
  reading.deepest = depth - 1;
  const content = convertContent(reading, node, depth);
  anchored.node = content;
  anchored.jumps = reading.jumps - before.jumps;
  anchored.size = reading.size - before.size + 1;
  anchored.height = reading.deepest - (depth - 1);
  reading.deepest = Math.max(reading.deepest, before.deepest);
  return content;
}

function resolveAlias(reading: Reading, alias: Alias, depth: number): SpecNode {
  const span = rangeSpan(reading, alias.range);
  const own = reading.anchors.get(alias.source);
  const target = own ?? reading.known.get(alias.source);
  reading.events += 1;
  if (!own) reading.unknown.add(alias.source);
  if (!target) {
    const advice = `Put the value into quotes if the * is part of it, or define &${alias.source} further up.`;
    // The parser has told that the name is missing.
    if (alias.source === '') return nullAt(reading, span.start);
    return badAlias(reading, span, `unknown anchor '${alias.source}'`, advice);
  }
  if (!target.node) return badAlias(reading, span, `the anchor '${alias.source}' contains itself`);
  reading.jumps += 1 + target.jumps;
  reading.size += target.size;
  reading.deepest = Math.max(reading.deepest, depth - 1 + target.height);
  if (depth - 1 + target.height > DEPTH_LIMIT) stop(reading, span, tooDeep());
  return target.node.kind === 'scalar' ? { ...target.node, span, alias: true } : { ...target.node, span };
}

function badAlias(reading: Reading, span: Span, message: string, advice?: string): ScalarNode {
  const words = { cause: message };
  reading.findings.push(findingOf('R004', { span, words, ...(advice === undefined ? {} : { advice }) }));
  return { kind: 'scalar', value: null, style: 'plain', span };
}

function scalarNode(reading: Reading, node: Scalar): ScalarNode {
  const style = STYLES[node.type ?? 'PLAIN'] ?? 'plain';
  const span = rangeSpan(reading, node.range);
  const written = reading.text.slice(span.start, span.end);
  const source = textOtherwise(written, style) ?? node.source ?? '';
  const refused = refusal(written, style, span);
  if (refused) reading.findings.push(refused);
  const tag = node.tag;
  if (tag === undefined && style !== 'plain') return { kind: 'scalar', value: source, style, span };
  const typed = tag === undefined ? plainValue(source) : taggedValue(source, tag, style === 'plain');
  if (typed.problem) reading.findings.push(findingOf('R004', { span, words: { cause: typed.problem } }));
  return {
    kind: 'scalar',
    value: typed.value,
    style,
    span,
    ...(typed.integer ? { integer: true } : {}),
    ...(tag === undefined ? {} : { tag }),
  };
}

function nullAt(reading: Reading, offset: number): ScalarNode {
  return { kind: 'scalar', value: null, style: 'plain', span: spanAt(reading, offset, offset) };
}

function mapNode(reading: Reading, map: YAMLMap, depth: number): MapNode {
  const pairs: Pair[] = [];
  const first = new Map<unknown, ScalarNode>();
  for (const item of map.items) {
    const key = keyNode(reading, item.key as YamlNode | null, map, depth);
    reading.path.push(keyText(key));
    const value = item.value
      ? convert(reading, item.value as YamlNode, depth + 1)
      : nullAt(reading, key.span.end);
    reading.path.pop();
    if (map.flow) checkColon(reading, key.span, value.span);
    const earlier = first.get(identityOf(key));
    const duplicate = earlier && duplicateKey(reading.path, { key, value }, earlier);
    if (duplicate) reading.findings.push(duplicate);
    if (!earlier) first.set(identityOf(key), key);
    pairs.push({ key, value });
  }
  return { kind: 'map', pairs, span: rangeSpan(reading, map.range), ...tagOf(map) };
}

/** Inside braces the library lets a key and its colon stand in different lines; hpc-compose's reader does not. */
function checkColon(reading: Reading, key: Span, value: Span): void {
  const { text } = reading;
  const at = text.slice(key.end, value.start).indexOf(':');
  if (at < 0 || !text.slice(key.start, key.end + at).includes('\n')) return;
  if (text.slice(0, key.start).trimEnd().endsWith('?')) return;
  const span = spanAt(reading, key.end + at, key.end + at + 1);
  const advice = 'Write it behind the key, in the same line.';
  reading.findings.push(
    findingOf('R004', { span, words: { cause: 'the : of a key stands in a line below it' }, advice }),
  );
}

function seqNode(reading: Reading, seq: YAMLSeq, depth: number): SeqNode {
  const items = seq.items.map((item, index) => {
    reading.path.push(String(index));
    const node = item ? convert(reading, item as YamlNode, depth + 1) : nullAt(reading, seq.range?.[1] ?? 0);
    reading.path.pop();
    return node;
  });
  return { kind: 'seq', items, span: rangeSpan(reading, seq.range), ...tagOf(seq) };
}

function tagOf(node: YAMLMap | YAMLSeq): { tag?: string } {
  return node.tag === undefined ? {} : { tag: node.tag };
}

function keyNode(reading: Reading, key: YamlNode | null, map: YAMLMap, depth: number): ScalarNode {
  if (!key) return nullAt(reading, map.range?.[0] ?? 0);
  const node = convert(reading, key, depth + 1);
  if (node.kind === 'scalar') return node;
  const { start, end } = node.span;
  return {
    kind: 'scalar',
    value: null,
    style: 'plain',
    span: firstLineOf(reading, node),
    complex: reading.text.slice(start, end),
  };
}

/** A mapping behind `? ` begins at its first key, whatever its own range says. */
function firstLineOf({ text, file }: Reading, node: MapNode | SeqNode): Span {
  const first = node.kind === 'map' ? node.pairs[0]?.key.span.start : undefined;
  const start = Math.min(first ?? Infinity, node.span.start);
  const [line = ''] = text.slice(start, node.span.end).split('\n', 1);
  return { file, start, end: start + line.trimEnd().length };
}

/** What two keys of one mapping must not share. */
export function identityOf(key: ScalarNode): unknown {
  if (key.complex !== undefined) return `complex ${key.complex}`;
  return typeof key.value === 'string' ? `= ${key.value}` : key.value;
}

function keyText(key: ScalarNode): string {
  return key.complex ?? String(key.value);
}

/** R006 for a key whose mapping (at `path`) has it already; undefined where another finding tells of it. */
export function duplicateKey(
  path: readonly string[],
  { key, value }: Pair,
  earlier: ScalarNode,
): Finding | undefined {
  // A second merge key is already told to be no merge key.
  if (key.value === '<<' && value.kind !== 'scalar') return undefined;
  return findingOf('R006', {
    span: key.span,
    words: { key: keyText(key) },
    field: [...path, keyText(key)].join('.'),
    related: [{ span: earlier.span, message: 'first given here' }],
  });
}

function rangeSpan(reading: Reading, range: readonly number[] | null | undefined): Span {
  return spanAt(reading, range?.[0] ?? 0, range?.[1] ?? 0);
}

function spanAt(reading: Reading, start: number, end: number): Span {
  return { file: reading.file, start, end };
}
