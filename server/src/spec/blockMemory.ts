// The blocks that were read, by their text, for one document. Each has a name that its spans carry, and a rank: ranks tell the order
// in which blocks stand, also of those that are out of sight just now.
import { BLOCK_MARK, type NamedBlock } from './blockPlaces.ts';
import { sharedEnds, spliced } from './kept.ts';
import type { Anchors, ParsedBlock } from './parseBlock.ts';
import type { Block } from './splitBlocks.ts';

/** One block as it was read. */
export interface ReadBlock extends NamedBlock {
  readonly block: Block;
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
  /** True when the state that is made now has taken it. */
  isTaken: boolean;
  rank: number | undefined;
}

interface Named {
  readonly block: NamedBlock;
  /** The text that its spans count in, once it was asked for. */
  text?: string;
}

/** What was taken for the blocks of one state of the text, in their order. */
interface State {
  readonly blocks: readonly Block[];
  readonly taken: readonly Entry[];
  readonly reads: readonly ReadBlock[];
  /** How many of them hang on the text around them. */
  readonly dependent: number;
}

/** Blocks that an edit took out of sight are soon seen again: by undo, or when a quote is closed. */
const SHELF = 4000;
const NOTHING: State = { blocks: [], taken: [], reads: [], dependent: 0 };

export class BlockMemory {
  private entries = new Entries();
  private named = new Map<string, Named>();
  private byBlock = new WeakMap<Block, Entry>();
  /** The last state that was taken whole. */
  private last = NOTHING;
  private blocks: readonly Block[] = [];
  /** Of this state: what is taken for the blocks that are new, between those that it shares with the last one. */
  private taken: Entry[] = [];
  private front = 0;
  private back = 0;
  /** True when all entries of the last state, and of the one before it, have ranks. */
  private isRanked = true;
  private wasRanked = true;
  /** True when the last block of this state is taken. */
  private isWhole = true;
  private count = 0;
  private passing: string[] = [];

  /**
   * Begins with the next state of the text. The blocks that it shares with the last one at its ends are taken already, where they
   * say the same wherever they stand; the others, from `from` to `to`, are to be taken in this order.
   */
  start(blocks: readonly Block[]): { readonly from: number; readonly to: number } {
    if (!this.isWhole) this.takeBack();
    this.isWhole = false;
    for (const name of this.passing) this.named.delete(name);
    this.passing = [];
    this.blocks = blocks;
    this.taken = [];
    const { front, back } = sharedEnds(this.last.blocks, blocks);
    const gone = this.last.taken.slice(front, this.last.taken.length - back);
    const isFree = this.last.dependent === gone.filter(({ read }) => isDependent(read)).length;
    [this.front, this.back] = isFree ? [front, back] : [0, 0];
    for (const entry of isFree ? gone : this.last.taken) entry.isTaken = false;
    return { from: this.front, to: blocks.length - this.back };
  }

  /** After a state that was not taken to its end. */
  private takeBack(): void {
    for (const entry of this.taken) entry.isTaken = false;
    for (const entry of this.last.taken) entry.isTaken = true;
  }

  nextName(): string {
    this.count += 1;
    return `${BLOCK_MARK}${this.count}`;
  }

  /** The next block in the order of the text: the known one as long as it is valid, else what `read` gives. */
  take(block: Block, isValid: (known: ReadBlock) => boolean, read: () => ReadBlock): ReadBlock {
    let entry = this.byBlock.get(block);
    if (!entry || entry.isTaken || !isValid(entry.read)) {
      const first = this.entries.get(block);
      entry = first;
      while (entry?.isTaken) entry = entry.twin;
      if (!entry || !isValid(entry.read)) {
        if (entry) this.named.delete(entry.read.name);
        entry = this.add(block, first, entry, read());
      }
      this.byBlock.set(block, entry);
    }
    entry.isTaken = true;
    this.taken.push(entry);
    return entry.read;
  }

  private add(block: Block, first: Entry | undefined, old: Entry | undefined, read: ReadBlock): Entry {
    const entry: Entry = { read, twin: old?.twin, isTaken: false, rank: old?.rank };
    this.named.set(read.name, { block: read });
    let before = first;
    while (before !== undefined && before !== old && before.twin !== old) before = before.twin;
    if (!first || first === old) this.entries.set(block, entry);
    else if (before) before.twin = entry;
    return entry;
  }

  /** Makes a text known under its name until the next state. */
  nameForNow(passing: NamedBlock): void {
    this.passing.push(passing.name);
    this.named.set(passing.name, { block: passing });
  }

  /** The block of that name, of this state or an earlier one. */
  readOf(name: string): NamedBlock | undefined {
    return this.named.get(name)?.block;
  }

  textOf(name: string): string | undefined {
    const named = this.named.get(name);
    return named && (named.text ??= named.block.before + named.block.text);
  }

  /** Everything that was taken, once the last block was. */
  all(): readonly ReadBlock[] {
    if (this.isWhole) return this.last.reads;
    const { last, front, back, taken, blocks } = this;
    const end = last.taken.length - back;
    const kept = front + back === 0 ? 0 : last.dependent - countDependent(last.taken.slice(front, end));
    this.last = {
      blocks,
      taken: spliced(last.taken, front, end, taken),
      reads: spliced(
        last.reads,
        front,
        end,
        taken.map(({ read }) => read),
      ),
      dependent: kept + countDependent(taken),
    };
    [this.wasRanked, this.isRanked] = [this.isRanked, false];
    this.isWhole = true;
    return this.last.reads;
  }

  /** Ends with a state of the text, all of it taken; true when blocks that were there before stand in another order now. */
  finish(): boolean {
    const { taken } = this.last;
    const [from, to] = this.wasRanked ? [this.front, taken.length - this.back] : [0, taken.length];
    const isOrdered = this.putRanks(from, to);
    if (!isOrdered) for (const [index, entry] of taken.entries()) entry.rank = index;
    this.isRanked = true;
    if (!isOrdered || this.entries.size > taken.length + SHELF) this.clearShelf();
    return !isOrdered;
  }

  /** Gives new blocks in `[from, to)` ranks between those of their neighbours; false where that cannot be. */
  private putRanks(from: number, to: number): boolean {
    const { taken } = this.last;
    let last = taken[from - 1]?.rank ?? 0;
    // The one behind them as well: it has to stand behind those in front of it.
    for (let index = from; index < Math.min(to + 1, taken.length);) {
      let next = index;
      while (next < taken.length && taken[next]?.rank === undefined) next += 1;
      const end = taken[next]?.rank ?? last + next - index + 1;
      const step = (end - last) / (next - index + 1);
      for (let at = index; at < next; at += 1) {
        const entry = taken[at];
        if (entry) entry.rank = last + step * (at - index + 1);
      }
      if (step <= Math.max(1, end) * 1e-12) return false;
      last = end;
      index = next + 1;
    }
    return true;
  }

  private clearShelf(): void {
    const { taken } = this.last;
    this.entries = new Entries();
    this.named = new Map();
    this.byBlock = new WeakMap();
    for (const entry of taken) {
      const { read } = entry;
      entry.twin = this.entries.get(read.block);
      this.entries.set(read.block, entry);
      this.named.set(read.name, { block: read });
    }
  }
}

/** True when a block may say something else among other blocks, or lets others do so. */
function isDependent({ parsed, quotes }: ReadBlock): boolean {
  return parsed === undefined || quotes !== undefined || parsed.unknown.size > 0 || parsed.anchors.size > 0;
}

function countDependent(taken: readonly Entry[]): number {
  return taken.reduce((count, { read }) => count + Number(isDependent(read)), 0);
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
