// Text of a spec -> blocks by the look of its lines: one for each key of the root, one for each entry of `services` or `steps`. Comments and
// blank lines belong to the block before. A wrong guess costs time, never truth: parseBlocks proves each block.

export interface Block {
  /** `root`: entries of the root (none in front of the first key); `head`: the line of a key whose children follow as blocks. */
  readonly kind: 'root' | 'head' | 'child';
  readonly start: number;
  readonly text: string;
  /** What has to stand in front of the text to read it as if in its place. */
  readonly before: string;
  /** The start of the next block, as far as it matters to this one. */
  readonly after: string;
}

/** A key of the root: one block, or a head and its children. */
export interface Section {
  readonly blocks: readonly Block[];
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

/** The blocks of a text, or undefined when it cannot be taken apart. */
export function splitBlocks(text: string): Section[] | undefined {
  if (ODD.test(text)) return undefined;
  const starts = keyLines(text, 0, text.length, 0);
  const first = starts[0];
  if (first === undefined || DIRECTIVE.test(text.slice(0, first))) return undefined;
  const lead: Section = {
    blocks: [{ kind: 'root', start: 0, text: text.slice(0, first), before: '', after: NEXT }],
  };
  const sections = starts.map((start, index) => sectionAt(text, start, starts[index + 1]));
  return first === 0 ? sections : [lead, ...sections];
}

function sectionAt(text: string, start: number, next: number | undefined): Section {
  const end = next ?? text.length;
  const after = next === undefined ? '' : NEXT;
  HEAD.lastIndex = start;
  const head = HEAD.exec(text);
  const [, name = '', indent] = head ?? [];
  if (indent === undefined || HEAD.lastIndex >= end)
    return { blocks: [{ kind: 'root', start, text: text.slice(start, end), before: '', after }] };
  const children = keyLines(text, HEAD.lastIndex - indent.length, end, indent.length);
  const firstChild = children[0] ?? end;
  const blocks: Block[] = children.map((child, index) => ({
    kind: 'child',
    start: child,
    text: text.slice(child, children[index + 1] ?? end),
    before: `${name}:\n`,
    after: index < children.length - 1 ? indent + NEXT : after,
  }));
  const line: Block = {
    kind: 'head',
    start,
    text: text.slice(start, firstChild),
    before: '',
    after: indent + NEXT,
  };
  return { blocks: [line, ...blocks] };
}

/** Offsets of the lines in `[from, to)` that begin with a key at this column. */
function keyLines(text: string, from: number, to: number, column: number): number[] {
  const starts: number[] = [];
  for (let line = from; line < to;) {
    if (isKeyAt(text, line, column)) starts.push(line);
    const end = text.indexOf('\n', line);
    if (end < 0) break;
    line = end + 1;
  }
  return starts;
}

function isKeyAt(text: string, line: number, column: number): boolean {
  for (let at = line; at < line + column; at += 1) if (text.charCodeAt(at) !== 32) return false;
  KEY.lastIndex = line + column;
  return KEY.test(text);
}
