// The tree of a text that changes a little at a time: only blocks whose text is new are parsed, and the whole is put together
// from them. Invariant: the result equals parseYaml's. A block counts only with a proof: parsed between the lines that its place
// gives it, with a stand-in key where the next block starts, that key must be found untouched. Without proof: the whole text.
import type { Finding, Span } from '../model/finding.ts';
import type { MapNode, Pair, SpecNode } from './node.ts';
import { parseYaml, type ParsedYaml } from './parse.ts';
import { shiftFinding, shiftPair } from './shiftNodes.ts';
import { splitBlocks, STAND_IN, type Block, type Section } from './splitBlocks.ts';

export interface BlockParser {
  /** Same result as `parseYaml(text, file)`; nodes of unchanged blocks may be shared with earlier results. */
  readonly parse: typeof parseYaml;
  /** How many texts had to be parsed whole. */
  readonly fallbacks: number;
}

/** What a block holds. All offsets count from the text in which the block starts at `base`. */
interface Parsed {
  readonly base: number;
  readonly pairs: readonly Pair[];
  readonly findings: readonly Finding[];
  /** Where the mapping starts and ends whose entries these are, if the block is its first or last one. */
  readonly start: number;
  readonly end: number;
  /** The same for the root. */
  readonly rootStart: number;
  readonly rootEnd: number;
}

/** Blocks of one text where they stand in it. */
type Placed = ReadonlyMap<Block, Parsed>;

/** Undefined: the block alone proves nothing. */
type Cache = Map<string, Parsed | undefined>;

/** A parser for the successive states of one document; it remembers the blocks of the last state. */
export function createBlockParser(): BlockParser {
  let cache: Cache = new Map();
  let cachedFile = '';
  let fallbacks = 0;
  return {
    parse(text, file) {
      if (file !== cachedFile) cache = new Map();
      cachedFile = file;
      const sections = splitBlocks(text);
      const next: Cache = new Map();
      const parsed = sections && placeAll(sections, file, cache, next);
      cache = next;
      const whole = parsed && assemble(sections, parsed, file);
      if (whole) return whole;
      fallbacks += 1;
      return parseYaml(text, file);
    },
    get fallbacks() {
      return fallbacks;
    },
  };
}

/** Every block at its place, or undefined when one proves nothing; what was known before of the others is kept all the same. */
function placeAll(sections: readonly Section[], file: string, known: Cache, next: Cache): Placed | undefined {
  const placed = new Map<Block, Parsed>();
  let failed = false;
  for (const block of sections.flatMap(({ blocks }) => blocks)) {
    const key = `${block.before}\0${block.after}\0${block.text}`;
    if (failed && !known.has(key)) continue;
    const parsed = known.has(key) ? known.get(key) : parseBlock(block, file);
    const moved = parsed && moveTo(parsed, block.start);
    next.set(key, moved);
    if (moved) placed.set(block, moved);
    else failed = true;
  }
  return failed ? undefined : placed;
}

function moveTo(parsed: Parsed, start: number): Parsed {
  const by = start - parsed.base;
  if (by === 0) return parsed;
  return {
    base: start,
    pairs: parsed.pairs.map((pair) => shiftPair(pair, by)),
    findings: parsed.findings.map((finding) => shiftFinding(finding, by)),
    start: parsed.start + by,
    end: parsed.end + by,
    rootStart: parsed.rootStart + by,
    rootEnd: parsed.rootEnd + by,
  };
}

function parseBlock(block: Block, file: string): Parsed | undefined {
  const { before, text, after } = block;
  const { root, findings, anchored, damaged } = parseYaml(before + text + after, file);
  const base = before.length;
  const end = base + text.length;
  if (anchored || damaged || !isUntagged(root)) return undefined;
  if (findings.some(({ code, span }) => code !== 'R006' || span.start < base || span.start >= end))
    return undefined;
  const entries = entriesOf(block, root, end);
  return entries && { base, findings, rootStart: root.span.start, rootEnd: root.span.end, ...entries };
}

/** The block's own entries and the extent of the mapping they are in, when wrapping and stand-in are found as they were given. */
function entriesOf(
  { kind, after }: Block,
  root: MapNode,
  standInAt: number,
): Pick<Parsed, 'pairs' | 'start' | 'end'> | undefined {
  const inRoot = after !== '' && !after.startsWith(' ');
  const outer = kind === 'child' && inRoot ? withoutStandIn(root.pairs, standInAt) : root.pairs;
  if (kind === 'root') {
    const pairs = inRoot ? withoutStandIn(root.pairs, standInAt) : root.pairs;
    return pairs && { pairs, start: root.span.start, end: root.span.end };
  }
  const [pair] = outer?.length === 1 ? outer : [];
  if (!pair || !isUntagged(pair.value)) return undefined;
  const at = standInAt + after.search(/\S|$/);
  const inner = after.startsWith(' ') ? withoutStandIn(pair.value.pairs, at) : pair.value.pairs;
  if (!inner || (kind === 'head') !== (inner.length === 0)) return undefined;
  const { start, end } = pair.value.span;
  return { pairs: kind === 'head' ? [pair] : inner, start, end };
}

function withoutStandIn(pairs: readonly Pair[], at: number): readonly Pair[] | undefined {
  const last = pairs.at(-1)?.key;
  if (last?.value !== STAND_IN || last.span.start !== at) return undefined;
  return pairs.slice(0, -1);
}

function isUntagged(node: SpecNode | undefined): node is MapNode {
  return node?.kind === 'map' && node.tag === undefined;
}

function assemble(sections: readonly Section[], placed: Placed, file: string): ParsedYaml | undefined {
  const pairs: Pair[] = [];
  const findings: Finding[] = [];
  for (const { blocks } of sections) {
    const parts = blocks.flatMap((block) => placed.get(block) ?? []);
    for (const part of parts) findings.push(...part.findings);
    const own = blocks[0]?.kind === 'head' ? sectionPair(parts, file) : parts.flatMap((part) => part.pairs);
    if (!own) return undefined;
    for (const pair of own) pairs.push(pair);
  }
  const start = firstOf(sections, placed)?.rootStart ?? 0;
  const end = lastOf(sections, placed)?.rootEnd ?? 0;
  const root = mapOf(pairs, { file, start, end });
  return root && { root, findings, anchored: false, damaged: false };
}

/** The entry of the root whose children are blocks of their own. */
function sectionPair([head, ...children]: readonly Parsed[], file: string): Pair[] | undefined {
  const key = head?.pairs[0]?.key;
  const entries = children.flatMap(({ pairs }) => pairs);
  const value = mapOf(entries, { file, start: children[0]?.start ?? 0, end: children.at(-1)?.end ?? 0 });
  return key && value && [{ key, value }];
}

function firstOf(sections: readonly Section[], placed: Placed): Parsed | undefined {
  const block = sections[0]?.blocks[0];
  return block && placed.get(block);
}

function lastOf(sections: readonly Section[], placed: Placed): Parsed | undefined {
  const block = sections.at(-1)?.blocks.at(-1);
  return block && placed.get(block);
}

/** A mapping of entries from several blocks; undefined when keys are equal, or when that is not plain to see. */
function mapOf(pairs: readonly Pair[], span: Span): MapNode | undefined {
  const names = new Set(pairs.map(({ key }) => key.value));
  if (pairs.length === 0 || names.size < pairs.length) return undefined;
  if (pairs.some(({ key }) => typeof key.value !== 'string' || key.tag !== undefined)) return undefined;
  return { kind: 'map', pairs, span };
}
