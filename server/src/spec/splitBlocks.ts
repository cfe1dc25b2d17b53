// Text of a spec -> blocks by the look of its lines: one for each key of the root, one for each entry of `services` or `steps`. Comments and
// blank lines belong to the block before. A wrong guess costs time, never truth: parseBlocks proves each block.

import { lowerBound } from '../model/lowerBound.ts';
import { sharedEnd, sharedStart, type Text } from '../model/text.ts';
import { spliced } from './kept.ts';

export interface Block {
  /** `root`: entries of the root (none in front of the first key); `head`: the line of a key whose children follow as blocks. */
  readonly kind: 'root' | 'head' | 'child';
  readonly text: string;
  /** What has to stand in front of the text to read it as if in its place. */
  readonly before: string;
  /** The start of the next block, as far as it matters to this one. */
  readonly after: string;
}

/** A text and the blocks that it consists of, one behind the other. */
export interface SplitText {
  readonly text: Text;
  readonly blocks: readonly Block[];
  /** Where each block starts. */
  readonly starts: readonly number[];
}

/** The key that stands for the one of the next block. */
export const STAND_IN = 'zz-next';
const NEXT = `${STAND_IN}:\n`;

/** A plain word as key. Other keys stay in the block of the key before. */
const KEY = /[A-Za-z_][\w.-]*:(?=[ \r\n]|$)/y;
const HEAD =
  /(services|steps):(?: *| +#[^\n]*)\r?\n(?: *(?:#[^\n]*)?\r?\n)*( +)(?=[A-Za-z_][\w.-]*:(?:[ \r\n]|$))/y;
/** Line breaks that only YAML 1.1 knows, lone carriage returns, and byte order marks. */
const ODD = /\r(?!\n)|[\x85\u2028\u2029\ufeff]/;
const DIRECTIVE = /^%/m;

/** The blocks of a text, or undefined when it cannot be taken apart. Blocks of the last state that are the same are the same values. */
export function splitBlocks(text: Text, last?: SplitText): SplitText | undefined {
  const again = last && splitAgain(text, last);
  if (again) return again;
  const whole = splitWhole(text.toString());
  return whole && { text, ...whole };
}

function splitWhole(text: string): Omit<SplitText, 'text'> | undefined {
  if (ODD.test(text)) return undefined;
  const starts = keyLines(text, 0, text.length, 0);
  const first = starts[0];
  if (first === undefined || DIRECTIVE.test(text.slice(0, first))) return undefined;
  const lead: Block[] =
    first === 0 ? [] : [{ kind: 'root', text: text.slice(0, first), before: '', after: NEXT }];
  const sections = starts.map((start, index) => sectionAt(text, start, starts[index + 1]));
  const blocks = [...lead, ...sections.flat()];
  return { blocks, starts: startsOf(blocks, 0) };
}

function startsOf(blocks: readonly Block[], from: number): number[] {
  let start = from;
  return blocks.map(({ text }) => (start += text.length) - text.length);
}

function sectionAt(text: string, start: number, next: number | undefined): Block[] {
  const end = next ?? text.length;
  const after = next === undefined ? '' : NEXT;
  HEAD.lastIndex = start;
  const head = HEAD.exec(text);
  const [, name = '', indent] = head ?? [];
  if (indent === undefined || HEAD.lastIndex >= end)
    return [{ kind: 'root', text: text.slice(start, end), before: '', after }];
  const from = HEAD.lastIndex - indent.length;
  const line: Block = { kind: 'head', text: text.slice(start, from), before: '', after: indent + NEXT };
  return [line, ...childrenOf(text, from, end, { before: `${name}:\n`, indent, after })];
}

interface Family {
  readonly before: string;
  readonly indent: string;
  /** What follows the last child. */
  readonly after: string;
}

function childrenOf(text: string, from: number, end: number, { before, indent, after }: Family): Block[] {
  const starts = keyLines(text, from, end, indent.length);
  return starts.map((start, index) => ({
    kind: 'child',
    text: text.slice(start, starts[index + 1] ?? end),
    before,
    after: index < starts.length - 1 ? indent + NEXT : after,
  }));
}

/** Offsets of the lines in `[from, to)` that begin with a key at this column. `from` is the start of a line. */
function keyLines(text: string, from: number, to: number, column: number): number[] {
  const starts: number[] = [];
  const line = keyLineAt(column);
  line.lastIndex = from;
  while (line.test(text)) {
    const end = line.lastIndex;
    // The match is the indentation and the first letter of the key.
    const start = end - column - 1;
    if (start >= to) break;
    KEY.lastIndex = start + column;
    if (KEY.test(text)) starts.push(start);
    line.lastIndex = end;
  }
  return starts;
}

/** A line whose first letter stands at this column: found at the speed of a search, where a look at each line takes ten times as long. */
function keyLineAt(column: number): RegExp {
  return new RegExp(`^ {${column}}[A-Za-z_]`, 'gm');
}

/** The blocks after an edit inside entries of the root, or inside the children of one section; undefined when more may have changed. */
function splitAgain(text: Text, last: SplitText): SplitText | undefined {
  const { blocks, starts } = last;
  const length = last.text.length;
  // Blocks in front of `first` end inside what both texts begin with, blocks from `end` on start inside what both end with.
  const same = sharedStart(text, last.text);
  const first = lowerBound(starts.length, (at) => (starts[at] ?? 0) <= same) - 1;
  const from = starts[first] ?? length;
  const shared = Math.min(sharedEnd(text, last.text), text.length - from);
  const end = Math.max(
    first,
    lowerBound(starts.length, (at) => (starts[at] ?? 0) < length - shared),
  );
  if (first === end && text.length === length) return last;
  return (
    renewRoot(text, last, first, end) ??
    // The block before may grow, the one behind may have lost its own line.
    renewChildren(text, last, Math.max(0, first - 1), Math.min(blocks.length, end + 1))
  );
}

/** The text of blocks `[first, end)` of the last state as it is now. A copy: a slice would keep alive what it is cut from. */
function stretchOf(text: Text, { starts, text: before }: SplitText, first: number, end: number): string {
  const behind = before.length - (starts[end] ?? before.length);
  return ` ${text.slice(starts[first] ?? before.length, text.length - behind)}`.slice(1);
}

/** The last state with these blocks in place of `[first, end)`. */
function replaced(
  text: Text,
  { text: before, blocks, starts }: SplitText,
  [first, end]: readonly [number, number],
  now: readonly Block[],
): SplitText {
  const by = text.length - before.length;
  const behind = by === 0 ? starts.slice(end) : starts.slice(end).map((start) => start + by);
  return {
    text,
    blocks: spliced(blocks, first, end, now),
    starts: starts.slice(0, first).concat(startsOf(now, starts[first] ?? before.length), behind),
  };
}

/** After an edit inside entries of the root that have no blocks of their own: it begins with a key, and so does what is behind it. */
function renewRoot(text: Text, last: SplitText, first: number, end: number): SplitText | undefined {
  const { blocks } = last;
  const old = blocks.slice(first, end);
  const tail = old.at(-1);
  if (!tail || old.some(({ kind }) => kind !== 'root')) return undefined;
  const stretch = stretchOf(text, last, first, end);
  const starts = keyLines(stretch, 0, stretch.length, 0);
  if (ODD.test(stretch) || starts[0] !== 0 || (end < blocks.length && !stretch.endsWith('\n')))
    return undefined;
  const renewed = starts.flatMap((start, index) => sectionAt(stretch, start, starts[index + 1]));
  const [others, behind] = [renewed.slice(0, -1), renewed.at(-1)];
  if (!behind || renewed.some(({ kind }) => kind !== 'root')) return undefined;
  return replaced(text, last, [first, end], [...others, { ...behind, after: tail.after }]);
}

/** After an edit inside children. */
function renewChildren(text: Text, last: SplitText, first: number, end: number): SplitText | undefined {
  const { blocks } = last;
  const old = blocks.slice(first, end);
  const [head, tail] = [old[0], old.at(-1)];
  if (!head || !tail || old.some(({ kind }) => kind !== 'child')) return undefined;
  // The first child's line tells the indentation of all: an edit there may change every block.
  if (blocks[first - 1]?.kind !== 'child') return undefined;
  const stretch = stretchOf(text, last, first, end);
  const indent = / */.exec(head.text)?.[0] ?? '';
  if (ODD.test(stretch) || !stretch.endsWith('\n') || keyLines(stretch, 0, stretch.length, 0).length > 0)
    return undefined;
  const renewed = childrenOf(stretch, 0, stretch.length, { before: head.before, indent, after: tail.after });
  if (!stretch.startsWith(renewed[0]?.text ?? '\n')) return undefined;
  return replaced(text, last, [first, end], renewed);
}
