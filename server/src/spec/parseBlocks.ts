// The tree of a text that changes a little at a time: only blocks whose text is new are read, and the whole is put together from
// them. Invariant: once placed in the file, the result equals parseYaml's. Behind a block that proves nothing the rest is read at once.
import { isSameText, runsFrom, type Text } from '../model/text.ts';
import { BlockMemory, type ReadBlock } from './blockMemory.ts';
import { placeBlocks, WHOLE_TEXT, type BlockPlaces, type NamedBlock } from './blockPlaces.ts';
import { createJoin, type JoinBlocks, type Part } from './joinBlocks.ts';
import { keepResults, Paused, type Kept } from './kept.ts';
import { parseYaml, type ParsedYaml } from './parse.ts';
import { ENDS_LINE, parseBlock, parseRest, type Anchors, type ParsedBlock } from './parseBlock.ts';
import { splitBlocks, type Block, type SplitText } from './splitBlocks.ts';
import { endsItsLine } from './yaml/openBlocks.ts';
import { MOST_SYNTAX_ERRORS } from './yaml/composeDocuments.ts';
import type { Anchored } from './yaml/toNodes.ts';

/** What parseYaml gives, with spans inside blocks. */
export interface BlockTree extends ParsedYaml {
  readonly places: BlockPlaces;
  /** The text that spans of a block count in; undefined for a name that is no block's. */
  readonly textOf: (name: string) => string | undefined;
  /** True when blocks that were there before stand in another order now. */
  readonly isReordered: boolean;
  /** True when the text holds this; only new blocks are searched. */
  readonly mentions: (word: string) => boolean;
}

export interface BlockParser {
  /** Reads the next state of the document; nodes of unchanged blocks are the same values as before. */
  readonly read: (text: Text, file: string) => BlockTree;
  /** How often a text was read whole, or its rest behind one block at once. */
  readonly fallbacks: { readonly whole: number; readonly rest: number };
}

/** Above this many nodes aliases are counted over the whole text. */
const MOST_EXPANDED = 100_000;

/** A parser for the successive states of one document; it remembers the blocks of the last ones. Pauses as keepResults does. */
export function createBlockParser(isOver: () => boolean = () => false): BlockParser {
  const memory = new BlockMemory();
  const kept = keepResults();
  const joinBlocks = createJoin(kept);
  const fallbacks = { whole: 0, rest: 0 };
  let last: SplitText | undefined;
  const readingOf = (text: Text) => {
    const split = splitBlocks(text, last);
    last = split ?? last;
    return split && new Reading(split, { memory, kept, isOver, joinBlocks });
  };
  const read = (text: Text, file: string): BlockTree => {
    const reading = readingOf(text);
    const tree = reading?.tree(file);
    if (reading?.isCut) fallbacks.rest += 1;
    if (tree) return tree;
    fallbacks.whole += 1;
    return {
      ...parseYaml(text.toString(), file),
      places: WHOLE_TEXT,
      textOf: () => undefined,
      isReordered: false,
      mentions: (word) => text.includes(word),
    };
  };
  let before: { readonly text: Text; readonly file: string; readonly tree: BlockTree } | undefined;
  return {
    fallbacks,
    read(text, file) {
      // The same text again: the very same nodes, also where they were not read block by block.
      if (before?.file === file && isSameText(before.text, text))
        return { ...before.tree, isReordered: false };
      const tree = read(text, file);
      before = { text, file, tree };
      return tree;
    },
  };
}

/** What outlives one text. */
interface Lasting {
  readonly memory: BlockMemory;
  readonly kept: Kept;
  readonly isOver: () => boolean;
  readonly joinBlocks: JoinBlocks;
}

/** The reading of one text. */
class Reading {
  /** True when the blocks behind one of them were read at once. */
  isCut = false;
  private readonly blocks: readonly Block[];
  private readonly starts: readonly number[];
  /** The blocks that are not taken yet. */
  private readonly from: number;
  private readonly to: number;
  /** Blocks that were read, not remembered. */
  private count = 0;
  private readonly text: Text;
  private readonly memory: BlockMemory;
  private readonly kept: Kept;
  private readonly isOver: () => boolean;
  private readonly joinBlocks: JoinBlocks;
  private readonly anchors = new Map<string, Anchored>();
  /** Where each kind of quote stood next, behind the place it was looked for last. */
  private readonly marks = new Map<string, { readonly from: number; readonly at: number }>();

  constructor({ text, blocks, starts }: SplitText, { memory, kept, isOver, joinBlocks }: Lasting) {
    this.isOver = isOver;
    this.text = text;
    this.memory = memory;
    this.kept = kept;
    this.joinBlocks = joinBlocks;
    this.blocks = blocks;
    this.starts = starts;
    const { from, to } = memory.start(blocks);
    [this.from, this.to] = [from, to];
  }

  tree(file: string): BlockTree | undefined {
    const reads = this.takeAll();
    if (!reads) return undefined;
    const { starts } = this;
    if (!this.kept.map('unproven', reads, ({ parsed }) => parsed === undefined).includes(true))
      return this.join(reads, starts, reads, file);
    const parts: Part[] = [];
    const places: number[] = [];
    const named: NamedBlock[] = [];
    for (let index = 0; index < reads.length;) {
      const [block, next] = [this.blocks[index], this.blocks[index + 1]];
      const read = reads[index];
      if (!block || !read) return undefined;
      const start = starts[index] ?? 0;
      const isAlone = read.parsed !== undefined;
      const part = isAlone ? block : next && joined(block, next);
      const proven = isAlone ? read : part && this.passing(part, start, anchorsOf(parts));
      // The blocks behind were read without the anchors of two that only make sense together.
      const holdsAnchors = !isAlone && proven?.parsed && proven.parsed.anchors.size > 0;
      if (!proven?.parsed || holdsAnchors) return this.withRest(block, start, parts, places, named, file);
      named.push(proven);
      parts.push(proven);
      places.push(start);
      index += isAlone ? 1 : 2;
    }
    return this.join(parts, places, named, file);
  }

  /** Undefined where so much is broken that the whole text is read in the end: then block by block takes a thousand times as long. */
  private takeAll(): readonly ReadBlock[] | undefined {
    let broken = 0;
    for (let index = this.from; index < this.to; index += 1) {
      const block = this.blocks[index];
      if (!block) continue;
      const { parsed } = this.take(block, (this.starts[index] ?? 0) + block.text.length);
      broken += parsed?.syntax.length ?? 1;
      if (broken >= MOST_SYNTAX_ERRORS) return undefined;
    }
    return this.memory.all();
  }

  /** A block for this state alone. */
  private passing(block: Block, start: number, anchors: Anchors): ReadBlock {
    const read = this.read(block, start + block.text.length, anchors);
    if (read.parsed) this.memory.nameForNow(read);
    return read;
  }

  /** The next block; it ends there. */
  private take(block: Block, end: number): ReadBlock {
    const before = this.count;
    const read = this.memory.take(
      block,
      (known) => this.isValid(known, end),
      () => this.read(block, end, this.anchors),
    );
    if (this.count > before && this.isOver()) throw new Paused();
    if (read.parsed && read.parsed.anchors.size > 0)
      for (const [name, anchor] of read.parsed.anchors) this.anchors.set(name, anchor);
    return read;
  }

  private isValid({ parsed, links, quotes }: ReadBlock, end: number): boolean {
    if (quotes !== undefined && quotes !== this.quotesBehind(end)) return false;
    if (parsed?.unknown.size === 0) return true;
    const now = linksOf(parsed, this.anchors);
    return now.size === links.size && [...now].every(([name, anchor]) => links.get(name) === anchor);
  }

  private read(block: Block, end: number, anchors: Anchors): ReadBlock {
    this.count += 1;
    const alone = this.readWith(block, end, new Map());
    const links = linksOf(alone.parsed, anchors);
    return links.size === 0 ? alone : this.readWith(block, end, links);
  }

  private readWith(block: Block, end: number, links: Anchors): ReadBlock {
    const name = this.memory.nextName();
    let quotes: string | undefined;
    const parsed = parseBlock(block, name, links, () => (quotes = this.quotesBehind(end)));
    const { before, text } = block;
    return { name, before, text, block, links, quotes, parsed };
  }

  private quotesBehind(end: number): string {
    const double = this.nextQuote('"', /(?<!\\)(?:\\\\)*"/g, end);
    return double + this.nextQuote("'", /(?<!')'(?:'')*(?!')/g, end);
  }

  /** The first such quote from there on; nothing where there is none. */
  private nextQuote(mark: string, pattern: RegExp, from: number): string {
    if (!this.hasBehind(mark, from)) return '';
    for (const run of runsFrom(this.text, from)) {
      pattern.lastIndex = run.from;
      if (!pattern.test(run.text)) continue;
      const last = pattern.lastIndex - 1;
      return `${run.text[last] ?? ''}${endsItsLine(run.text, last) ? ENDS_LINE : ''}`;
    }
    return '';
  }

  /** True when the text holds a mark from there on; blocks ask for it one after the other, the text is searched once. */
  private hasBehind(mark: string, from: number): boolean {
    const last = this.marks.get(mark);
    if (last && last.from <= from && from <= last.at) return last.at < Infinity;
    const at = this.placeOf(mark, from);
    this.marks.set(mark, { from, at });
    return at < Infinity;
  }

  /** The first place of a mark from there on; Infinity where there is none. */
  private placeOf(mark: string, from: number): number {
    let start = from;
    for (const run of runsFrom(this.text, from)) {
      const at = run.text.indexOf(mark, run.from);
      if (at >= 0) return start + at - run.from;
      start += run.text.length - run.from;
    }
    return Infinity;
  }

  /** What is left of the text behind the parts as one more. */
  private withRest(
    block: Block,
    start: number,
    parts: readonly Part[],
    places: readonly number[],
    named: readonly NamedBlock[],
    file: string,
  ): BlockTree | undefined {
    if (parts.length === 0) return undefined;
    const text = this.text.slice(start);
    const whole: NamedBlock = { name: this.memory.nextName(), before: block.before, text };
    const rest = parseRest({ ...block, text, after: '' }, whole.name, anchorsOf(parts));
    if (!rest) return undefined;
    this.isCut = true;
    this.memory.nameForNow(whole);
    return this.join([...parts, { block, rest }], [...places, start], [...named, whole], file);
  }

  private join(
    parts: readonly Part[],
    starts: readonly number[],
    named: readonly NamedBlock[],
    file: string,
  ): BlockTree | undefined {
    const isReordered = this.memory.finish();
    const { kept, memory } = this;
    let expanded = 0;
    for (const size of kept.found('expanded', parts, expandedOf)) expanded += size;
    const joined = expanded > MOST_EXPANDED ? undefined : this.joinBlocks(parts, starts, file);
    if (!joined) return undefined;
    return {
      ...joined,
      places: placeBlocks({ file, blocks: named, starts, blockOf: (name) => memory.readOf(name) }),
      textOf: (name) => memory.textOf(name),
      isReordered,
      mentions: (word) =>
        kept.map(`mentions ${word}`, named, (block) => block.text.includes(word)).includes(true),
    };
  }
}

/** How many nodes aliases make of a part; undefined where there are none. */
function expandedOf({ parsed, rest }: Part): number | undefined {
  const expanded = (parsed ?? rest?.read)?.expanded;
  return expanded === 0 ? undefined : expanded;
}

/** Two blocks as one: a word between them that is to become a key is read as part of the next one's. */
function joined(first: Block, second: Block): Block | undefined {
  if (second.kind === 'head' || (first.kind === 'root') !== (second.kind === 'root')) return undefined;
  return { ...first, text: first.text + second.text, after: second.after };
}

/** The anchors that the aliases of a block mean. */
function linksOf(parsed: ParsedBlock | undefined, anchors: Anchors): Anchors {
  const links = new Map<string, Anchored>();
  for (const name of parsed?.unknown ?? []) {
    const anchor = anchors.get(name);
    if (anchor) links.set(name, anchor);
  }
  return links;
}

function anchorsOf(parts: readonly Part[]): Anchors {
  return new Map(parts.flatMap(({ parsed }) => [...(parsed?.anchors ?? [])]));
}
