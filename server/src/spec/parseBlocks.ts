// The tree of a text that changes a little at a time: only blocks whose text is new are read, and the whole is put together from
// them. Invariant: once placed in the file, the result equals parseYaml's. Behind a block that proves nothing the rest is read at once.
import { BlockMemory, type ReadBlock } from './blockMemory.ts';
import { placeBlocks, WHOLE_TEXT, type BlockPlaces, type NamedBlock } from './blockPlaces.ts';
import { joinBlocks, type Part } from './joinBlocks.ts';
import { parseYaml, type ParsedYaml } from './parse.ts';
import { parseBlock, parseRest, type Anchors, type ParsedBlock } from './parseBlock.ts';
import { splitBlocks, type Block, type Section } from './splitBlocks.ts';
import type { Anchored } from './yaml/toNodes.ts';

/** What parseYaml gives, with spans inside blocks. */
export interface BlockTree extends ParsedYaml {
  readonly places: BlockPlaces;
  /** The text that spans of a block count in; undefined for a name that is no block's. */
  readonly textOf: (name: string) => string | undefined;
  /** True when blocks that were there before stand in another order now. */
  readonly isReordered: boolean;
}

export interface BlockParser {
  /** Reads the next state of the document; nodes of unchanged blocks are the same values as before. */
  readonly read: (text: string, file: string) => BlockTree;
  /** Reads the blocks of a text ahead, one with each step, so that the next `read` finds them done. */
  readonly readAhead: (text: string) => Generator<undefined>;
  /** How often a text was read whole, or its rest behind one block at once. */
  readonly fallbacks: { readonly whole: number; readonly rest: number };
}

/** Above this many nodes aliases are counted over the whole text. */
const MOST_EXPANDED = 100_000;

/** A parser for the successive states of one document; it remembers the blocks of the last ones. */
export function createBlockParser(): BlockParser {
  const memory = new BlockMemory();
  const fallbacks = { whole: 0, rest: 0 };
  return {
    fallbacks,
    *readAhead(text) {
      const reading = new Reading(text, splitBlocks(text) ?? [], memory);
      for (const block of reading.blocks) {
        const isNew = !memory.has(block);
        reading.take(block);
        if (isNew) yield;
      }
    },
    read(text, file) {
      const sections = splitBlocks(text);
      const reading = sections && new Reading(text, sections, memory);
      const tree = reading?.tree(file);
      if (reading?.isCut) fallbacks.rest += 1;
      if (tree) return tree;
      fallbacks.whole += 1;
      return { ...parseYaml(text, file), places: WHOLE_TEXT, textOf: () => undefined, isReordered: false };
    },
  };
}

/** The reading of one text. */
class Reading {
  readonly blocks: readonly Block[];
  /** True when the blocks behind one of them were read at once. */
  isCut = false;
  private readonly text: string;
  private readonly memory: BlockMemory;
  private readonly anchors = new Map<string, Anchored>();

  constructor(text: string, sections: readonly Section[], memory: BlockMemory) {
    this.text = text;
    this.memory = memory;
    this.blocks = sections.flatMap(({ blocks }) => blocks);
    memory.start();
  }

  tree(file: string): BlockTree | undefined {
    const parts: Part[] = [];
    const named: NamedBlock[] = [];
    const reads = this.blocks.map((block) => this.take(block));
    for (let index = 0; index < reads.length;) {
      const [block, next] = [this.blocks[index], this.blocks[index + 1]];
      const read = reads[index];
      if (!block || !read) return undefined;
      const isAlone = read.parsed !== undefined;
      const part = isAlone ? block : next && joined(block, next);
      const proven = isAlone ? read : part && this.passing(part, anchorsOf(parts));
      if (!part || !proven?.parsed) return this.withRest(block, parts, named, file);
      named.push(proven);
      parts.push({ block: part, parsed: proven.parsed });
      index += isAlone ? 1 : 2;
    }
    return this.join(parts, named, file);
  }

  /** A block for this state alone. */
  private passing(block: Block, anchors: Anchors): ReadBlock {
    const read = this.read(block, anchors);
    if (read.parsed) this.memory.nameForNow(read);
    return read;
  }

  /** The next block. */
  take(block: Block): ReadBlock {
    const read = this.memory.take(
      block,
      (known) => this.isValid(known, block),
      () => this.read(block, this.anchors),
    );
    for (const [name, anchor] of read.parsed?.anchors ?? []) this.anchors.set(name, anchor);
    return read;
  }

  private isValid({ parsed, links, quotes }: ReadBlock, block: Block): boolean {
    if (quotes !== undefined && quotes !== this.quotesBehind(block)) return false;
    if (parsed?.unknown.size === 0) return true;
    const now = linksOf(parsed, this.anchors);
    return now.size === links.size && [...now].every(([name, anchor]) => links.get(name) === anchor);
  }

  private read(block: Block, anchors: Anchors): ReadBlock {
    const alone = this.readWith(block, new Map());
    const links = linksOf(alone.parsed, anchors);
    return links.size === 0 ? alone : this.readWith(block, links);
  }

  private readWith(block: Block, links: Anchors): ReadBlock {
    const name = this.memory.nextName();
    let quotes: string | undefined;
    const parsed = parseBlock(block, name, links, () => (quotes = this.quotesBehind(block)));
    const { before, text, after } = block;
    return { name, before, text, after, links, quotes, parsed };
  }

  private quotesBehind({ start, text }: Block): string {
    const end = start + text.length;
    const double = this.has(/(?<!\\)(?:\\\\)*"/g, end) ? '"' : '';
    return double + (this.has(/(?<!')'(?:'')*(?!')/g, end) ? "'" : '');
  }

  private has(pattern: RegExp, from: number): boolean {
    pattern.lastIndex = from;
    return pattern.test(this.text);
  }

  /** What is left of the text behind the parts as one more. */
  private withRest(
    block: Block,
    parts: readonly Part[],
    named: readonly NamedBlock[],
    file: string,
  ): BlockTree | undefined {
    if (parts.length === 0) return undefined;
    const text = this.text.slice(block.start);
    const whole: NamedBlock = { name: this.memory.nextName(), before: block.before, text };
    const rest = parseRest({ ...block, text, after: '' }, whole.name, anchorsOf(parts));
    if (!rest) return undefined;
    this.isCut = true;
    this.memory.nameForNow(whole);
    return this.join([...parts, { block, rest }], [...named, whole], file);
  }

  private join(parts: readonly Part[], named: readonly NamedBlock[], file: string): BlockTree | undefined {
    const isReordered = this.memory.finish();
    let expanded = 0;
    for (const { parsed, rest } of parts) expanded += (parsed ?? rest?.read)?.expanded ?? 0;
    const joined = expanded > MOST_EXPANDED ? undefined : joinBlocks(parts, file);
    if (!joined) return undefined;
    const places = placeBlocks(file, named);
    return { ...joined, places, textOf: (name) => this.memory.textOf(name), isReordered };
  }
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
