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
  private entries = new Map<string, Entry>();
  private texts = new Map<string, string>();
  private byBlock = new WeakMap<Block, Entry>();
  private taken: Entry[] = [];
  private turn = 0;
  private count = 0;
  private passing: string[] = [];

  /** Begins with the next state of the text. */
  start(): void {
    this.turn += 1;
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
    return this.entries.has(keyOf(block));
  }

  /** The next block in the order of the text: the known one as long as it is valid, else what `read` gives. */
  take(block: Block, isValid: (known: ReadBlock) => boolean, read: () => ReadBlock): ReadBlock {
    let entry = this.byBlock.get(block);
    if (!entry || entry.turn === this.turn || !isValid(entry.read)) {
      const key = keyOf(block);
      const first = this.entries.get(key);
      entry = first;
      while (entry?.turn === this.turn) entry = entry.twin;
      if (!entry || !isValid(entry.read)) {
        if (entry) this.texts.delete(entry.read.name);
        entry = this.add(key, first, entry, read());
      }
      this.byBlock.set(block, entry);
    }
    entry.turn = this.turn;
    this.taken.push(entry);
    return entry.read;
  }

  private add(key: string, first: Entry | undefined, old: Entry | undefined, read: ReadBlock): Entry {
    const entry: Entry = { read, twin: old?.twin, turn: 0, rank: old?.rank };
    this.name(read);
    let before = first;
    while (before !== undefined && before !== old && before.twin !== old) before = before.twin;
    if (!first || first === old) this.entries.set(key, entry);
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
    this.entries = new Map();
    this.texts = new Map();
    this.byBlock = new WeakMap();
    for (const entry of this.taken) {
      const key = keyOf(entry.read);
      entry.twin = this.entries.get(key);
      this.entries.set(key, entry);
      this.name(entry.read);
    }
  }
}

function keyOf({ before, after, text }: Pick<Block, 'before' | 'after' | 'text'>): string {
  return `${before}\0${after}\0${text}`;
}
