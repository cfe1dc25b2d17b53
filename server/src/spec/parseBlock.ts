// One block of a spec, read alone. Invariant: a block counts only with a proof: parsed between the lines that its place gives it,
// with a stand-in key where the next block starts, that key must be found untouched. Then nothing behind the block can change it.
import type { Finding } from '../model/finding.ts';
import type { MapNode, Pair, ScalarNode, SpecNode } from './node.ts';
import { readYaml, type ReadText } from './parse.ts';
import { STAND_IN, type Block } from './splitBlocks.ts';
import type { Anchored } from './yaml/toNodes.ts';

/** Anchors by name. */
export type Anchors = ReadonlyMap<string, Anchored>;

/** What a block holds. Its spans count from the text that was read, `before` included, and carry the block's name as file. */
export interface ParsedBlock {
  /** The section's key, when the block begins with its line. */
  readonly head: ScalarNode | undefined;
  readonly pairs: readonly Pair[];
  readonly syntax: readonly Finding[];
  /** Its syntax errors when there are some in a block before. */
  readonly laterSyntax: readonly Finding[];
  readonly findings: readonly Finding[];
  /** Where the mapping starts and ends whose entries these are, if the block is its first or last one. */
  readonly start: number;
  readonly end: number;
  /** The same for the root. */
  readonly rootStart: number;
  readonly rootEnd: number;
  readonly anchors: Anchors;
  /** Names of aliases that the block itself does not define. */
  readonly unknown: ReadonlySet<string>;
  /** Nodes once all aliases are followed; 0 without aliases. */
  readonly expanded: number;
  /** True when it would read otherwise behind a syntax error. */
  readonly isMoved: boolean;
}

/** Reads a block under a name; undefined when the block alone proves nothing. `quotes` stand in the text behind it. */
export function parseBlock(
  block: Block,
  name: string,
  known: Anchors,
  quotes: () => string,
): ParsedBlock | undefined {
  const readWith = (after: string) => readYaml(block.before + block.text + after, name, known);
  const readDamaged = (behind: string) => {
    const after = damageEnd(block.after, behind.replaceAll(ENDS_LINE, ''));
    const read = readWith(after);
    return { read, parsed: () => proven({ ...block, after }, read) };
  };
  // What is surely damaged need not be read as if it were not.
  if (block.after !== '' && hasOpenQuote(block.text)) {
    const behind = quotes();
    const { read, parsed } = readDamaged(behind);
    if (isBroken(read) && !behind.includes(ENDS_LINE)) return parsed();
  }
  const read = readWith(block.after);
  if (!isBroken(read) || block.after === '') return proven(block, read);
  const behind = /["']/.test(block.text) ? quotes() : '';
  // A quote that ends its line may be the one that closes this.
  if (read.isCutShort && behind.includes(ENDS_LINE)) return undefined;
  return readDamaged(behind).parsed();
}

function isBroken({ syntax, whole }: ReadText): boolean {
  return syntax.length > 0 || whole.length > 0;
}

/** True when the double quotes of a text are no pairs. */
function hasOpenQuote(text: string): boolean {
  let isOpen = false;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) isOpen = !isOpen;
  return isOpen;
}

const INNER = 'zz-inner';
const LAST = 'zz-last';

/** Marks a quote in what `parseBlock` is told of the text behind a block: nothing follows it in its line. */
export const ENDS_LINE = '!';

/**
 * What damage must not reach: a block mapping that only a reader who is back in order takes without a word. An unclosed quote ends
 * at the next line that is indented less, but only where another quote follows somewhere.
 */
function damageEnd(after: string, quotes: string): string {
  const indent = /^ */.exec(after)?.[0] ?? '';
  return `${indent}${STAND_IN}: # ${quotes} ${STAND_IN}\n${indent}  ${INNER}: x\n${indent}${LAST}: y\n`;
}

function proven(block: Block, read: ReadText): ParsedBlock | undefined {
  const { root, syntax, laterSyntax, findings, whole, anchors, unknown, expanded, isMoved } = read;
  const base = block.before.length;
  const end = base + block.text.length;
  // A bracket that stays open up to the stand-in may go on behind it.
  if (whole.length > 0 || !isUntagged(root) || read.bracketsTo >= end) return undefined;
  const own = [...syntax, ...findings];
  if (own.some(({ span }) => span.start < base || span.end > end || span.start === end)) return undefined;
  const entries = entriesOf(block, root, end);
  if (!entries || holdsOthers(block, anchors, root)) return undefined;
  const extent = { rootStart: root.span.start, rootEnd: root.span.end };
  return { syntax, laterSyntax, findings, anchors, unknown, expanded, isMoved, ...extent, ...entries };
}

/** True when an anchor stands for a mapping to which other blocks belong, too. */
function holdsOthers({ kind }: Block, anchors: Anchors, root: MapNode): boolean {
  const section = kind === 'root' ? undefined : root.pairs[0]?.value;
  return [...anchors.values()].some(({ node }) => node === root || (node !== undefined && node === section));
}

/** The block's own entries and the extent of the mapping they are in, when wrapping and stand-in are found as they were given. */
function entriesOf(
  { kind, after }: Block,
  root: MapNode,
  standInAt: number,
): Pick<ParsedBlock, 'head' | 'pairs' | 'start' | 'end'> | undefined {
  const inRoot = after !== '' && !after.startsWith(' ');
  const outer = kind !== 'root' && inRoot ? withoutStandIn(root.pairs, standInAt) : root.pairs;
  if (kind === 'root') {
    const pairs = inRoot ? withoutStandIn(root.pairs, standInAt) : root.pairs;
    return pairs && { head: undefined, pairs, start: root.span.start, end: root.span.end };
  }
  const [pair] = outer?.length === 1 ? outer : [];
  if (!pair || !isUntagged(pair.value)) return undefined;
  const at = standInAt + after.search(/\S|$/);
  const inner = after.startsWith(' ') ? withoutStandIn(pair.value.pairs, at) : pair.value.pairs;
  if (!inner || (kind === 'child' && inner.length === 0)) return undefined;
  const { start, end } = pair.value.span;
  return { head: kind === 'head' ? pair.key : undefined, pairs: inner, start, end };
}

function withoutStandIn(pairs: readonly Pair[], at: number): readonly Pair[] | undefined {
  const isLong = pairs.at(-1)?.key.value === LAST;
  const last = pairs.at(isLong ? -2 : -1);
  if (last?.key.value !== STAND_IN || last.key.span.start !== at) return undefined;
  if (isLong && !(last.value.kind === 'map' && last.value.pairs[0]?.key.value === INNER)) return undefined;
  return pairs.slice(0, isLong ? -2 : -1);
}

/** True for a mapping without a tag: only those are put together from blocks. */
export function isUntagged(node: SpecNode | undefined): node is MapNode {
  return node?.kind === 'map' && node.tag === undefined;
}

/** What is left of a text from one block on. */
export interface ParsedRest {
  readonly read: ReadText;
  /** Further entries of the mapping that the first block belongs to; its end. Undefined when that is the root. */
  readonly inner: MapNode | undefined;
  /** Further entries of the root. */
  readonly outer: readonly Pair[];
  readonly rootEnd: number;
}

/** Reads everything from a block on at once: nothing follows that it would have to be proved against. */
export function parseRest(block: Block, name: string, known: Anchors): ParsedRest | undefined {
  const read = readYaml(block.before + block.text, name, known);
  const { root } = read;
  const told = [...read.syntax, ...read.findings, ...read.whole];
  const places = told.flatMap(({ span, related = [] }) => [span, ...related.map((place) => place.span)]);
  if (!isUntagged(root) || places.some(({ start }) => start < block.before.length)) return undefined;
  const rest = { read, rootEnd: root.span.end };
  if (block.kind !== 'child') return { ...rest, inner: undefined, outer: root.pairs };
  const [first, ...outer] = root.pairs;
  return first?.key.span.start === 0 && isUntagged(first.value)
    ? { ...rest, inner: first.value, outer }
    : undefined;
}
