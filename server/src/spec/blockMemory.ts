// The blocks that were read, by their text, for one document. Each has a name that its spans carry, and a rank: ranks tell the order
// in which blocks stand, also of those that are out of sight just now.
import type { NamedBlock } from './blockPlaces.ts';
import type { Anchors, ParsedBlock } from './parseBlock.ts';
import type { Block } from './splitBlocks.ts';

/** One block as it was read. */
export interface ReadBlock extends NamedBlock {
  readonly after: string;
  /** Anchors of earlier blocks that its aliases mean. */
  readonly links: Anchors;
  /** Quotes in the text behind it, when that mattered. */
  readonly quotes: string | undefined;
  /** Undefined: the block alone proves nothing. */
  readonly parsed: ParsedBlock | undefined;
}

interface Entry {
  readonly read: ReadBlock;
  /** Another block with the very same text. */
  twin: Entry | undefined;
  /** The last turn in which it was asked for. */
  turn: number;
  rank: number | undefined;
}

/** Blocks that an edit took out of sight are soon seen again: by undo, or when a quote is closed. */
const SHELF = 4000;

export class BlockMemory {
  private entries = new Entries();
  private texts = new Map<string, string>();
  private byBlock = new WeakMap<Block, Entry>();
  private taken: Entry[] = [];
  /** The blocks of the state before and what was taken for them; most stand at the same distance from the start or the end now. */
  private last: { readonly blocks: readonly Block[]; readonly taken: readonly Entry[] } = {
    blocks: [],
    taken: [],
  };
  private blocks: readonly Block[] = [];
  private turn = 0;
  private count = 0;
  private passing: string[] = [];

  /** Begins with the next state of the text; its blocks are taken in this order. */
  start(blocks: readonly Block[]): void {
    this.turn += 1;
    if (this.taken.length === this.blocks.length) this.last = { blocks: this.blocks, taken: this.taken };
    this.blocks = blocks;
    this.taken = [];
    for (const name of this.passing) this.texts.delete(name);
    this.passing = [];
  }

  nextName(): string {
    this.count += 1;
    return `\0${this.count}`;
  }

  /** True when a block with this text is known. */
  has(block: Block): boolean {
    return this.entries.get(block) !== undefined;
  }

  /** The next block in the order of the text: the known one as long as it is valid, else what `read` gives. */
  take(block: Block, isValid: (known: ReadBlock) => boolean, read: () => ReadBlock): ReadBlock {
    let entry = this.takenBefore(block) ?? this.byBlock.get(block);
    if (!entry || entry.turn === this.turn || !isValid(entry.read)) {
      const first = this.entries.get(block);
      entry = first;
      while (entry?.turn === this.turn) entry = entry.twin;
      if (!entry || !isValid(entry.read)) {
        if (entry) this.texts.delete(entry.read.name);
        entry = this.add(block, first, entry, read());
      }
      this.byBlock.set(block, entry);
    }
    entry.turn = this.turn;
    this.taken.push(entry);
    return entry.read;
  }

  /** What was taken for the block of that place in the state before, if it is the same one. */
  private takenBefore(block: Block): Entry | undefined {
    const { blocks, taken } = this.last;
    const place = this.taken.length;
    if (blocks[place] === block) return taken[place];
    const fromEnd = place + blocks.length - this.blocks.length;
    return blocks[fromEnd] === block ? taken[fromEnd] : undefined;
  }

  private add(block: Block, first: Entry | undefined, old: Entry | undefined, read: ReadBlock): Entry {
    const entry: Entry = { read, twin: old?.twin, turn: 0, rank: old?.rank };
    this.name(read);
    let before = first;
    while (before !== undefined && before !== old && before.twin !== old) before = before.twin;
    if (!first || first === old) this.entries.set(block, entry);
    else if (before) before.twin = entry;
    return entry;
  }

  /** Makes a text known under its name until the next turn. */
  nameForNow(passing: NamedBlock): void {
    this.passing.push(passing.name);
    this.name(passing);
  }

  private name({ name, before, text }: NamedBlock): void {
    this.texts.set(name, before + text);
  }

  textOf(name: string): string | undefined {
    return this.texts.get(name);
  }

  /** Ends with a state of the text; true when blocks that were there before stand in another order now. */
  finish(): boolean {
    const isOrdered = this.putRanks();
    if (!isOrdered) for (const [index, entry] of this.taken.entries()) entry.rank = index;
    if (!isOrdered || this.entries.size > this.taken.length + SHELF) this.clearShelf();
    return !isOrdered;
  }

  /** Gives new blocks ranks between those of their neighbours; false where that cannot be. */
  private putRanks(): boolean {
    let last = 0;
    for (let index = 0; index < this.taken.length;) {
      let next = index;
      while (next < this.taken.length && this.taken[next]?.rank === undefined) next += 1;
      const end = this.taken[next]?.rank ?? last + next - index + 1;
      const step = (end - last) / (next - index + 1);
      for (let at = index; at < next; at += 1) {
        const entry = this.taken[at];
        if (entry) entry.rank = last + step * (at - index + 1);
      }
      if (step <= Math.max(1, end) * 1e-12) return false;
      last = end;
      index = next + 1;
    }
    return true;
  }

  private clearShelf(): void {
    this.entries = new Entries();
    this.texts = new Map();
    this.byBlock = new WeakMap();
    this.last = { blocks: [], taken: [] };
    for (const entry of this.taken) {
      entry.twin = this.entries.get(entry.read);
      this.entries.set(entry.read, entry);
      this.name(entry.read);
    }
  }
}

type Texts = Pick<Block, 'before' | 'after' | 'text'>;

/** The first entry of each block, by its text and what it is read between. */
class Entries {
  size = 0;
  /** Few blocks differ in what they are read between; putting all three texts together would copy the whole document. */
  private readonly bySurrounding = new Map<string, Map<string, Entry>>();

  get(block: Texts): Entry | undefined {
    return this.bySurrounding.get(surroundingOf(block))?.get(block.text);
  }

  set(block: Texts, entry: Entry): void {
    const surrounding = surroundingOf(block);
    const known = this.bySurrounding.get(surrounding) ?? new Map<string, Entry>();
    this.bySurrounding.set(surrounding, known);
    if (!known.has(block.text)) this.size += 1;
    known.set(block.text, entry);
  }
}

function surroundingOf({ before, after }: Texts): string {
  return `${before}\0${after}`;
}
