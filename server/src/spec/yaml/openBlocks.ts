// The lines around a syntax error as a person reads them: which entries the line could belong to, by its indentation alone.
// The library's own tree is of no use here, because it is wrong from the error on.

export interface TextLine {
  /** Offset of the line's first character. */
  readonly start: number;
  /** Blanks and tabs before its first word. */
  readonly indent: number;
  /** What follows them, without the line's end. */
  readonly content: string;
}

export interface OpenBlock {
  /** `scalar`: the text below a key with | or >. */
  readonly kind: 'pair' | 'item' | 'text' | 'scalar';
  /** Blanks before each of its entries. */
  readonly column: number;
  /** The nearest entry above; of a scalar, the line with its key. */
  readonly entry: string;
}

/** So many lines are looked at: a block that begins further up is told without its neighbours. */
const LOOK_BACK = 2000;
/** Of each line so many characters are read. */
const LONGEST_CONTENT = 1000;
const SCALAR_HEADER = /(^|[:\-?]\s+)[|>][-+\d]*\s*(#.*)?$/;
const KEY =
  /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#[\]{},"'|>@`%&*!-][^\s:]*(?:[ \t]+[^\s:#]+)*)\s*:(?=\s|$)/;

/** The line with that offset. */
export function lineAt(text: string, offset: number): TextLine {
  return lineFrom(text, lineStart(text, offset));
}

/** Offset of the first character of the line with that offset. */
export function lineStart(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1;
}

/** True when nothing follows a closing bracket or quote but a comment: a quote that another line closes by chance has more. */
export function endsItsLine(text: string, close: number): boolean {
  const rest = /[ \t]*(?:[ \t]#[^\n]*)?\r?(?:\n|$)/y;
  rest.lastIndex = close + 1;
  return rest.test(text);
}

/** The first line below that is neither empty nor a comment. */
export function lineBelow(text: string, line: TextLine): TextLine | undefined {
  for (let end = text.indexOf('\n', line.start); end >= 0; end = text.indexOf('\n', end + 1)) {
    const next = lineFrom(text, end + 1);
    if (hasEntry(next)) return next;
  }
  return undefined;
}

/** The first line above that is neither empty nor a comment. */
export function lineAbove(text: string, line: TextLine): TextLine | undefined {
  let next: TextLine | undefined = line;
  for (let looked = 0; looked < LOOK_BACK; looked++) {
    next = next.start === 0 ? undefined : lineAt(text, next.start - 1);
    if (!next || hasEntry(next)) return next;
  }
  return undefined;
}

/** Blocks that are still open above a line, the innermost first. */
export function openBlocks(text: string, line: TextLine): readonly OpenBlock[] {
  let open: OpenBlock[] = [];
  let outermost = Infinity;
  let below = line;
  let above = lineAbove(text, line);
  for (let looked = 0; above && outermost > 0 && looked < LOOK_BACK; looked++) {
    const { indent, content } = above;
    // Only a line with fewer spaces than all below it can hold them.
    if (indent < outermost) {
      const isText = SCALAR_HEADER.test(content) && below !== line && below.indent > indent;
      if (isText) open = [{ kind: 'scalar', column: below.indent, entry: content }];
      open.push(...blocksOf(above, isText ? indent + 1 : outermost));
    }
    outermost = Math.min(outermost, indent);
    below = above;
    above = lineAbove(text, above);
  }
  return open;
}

/** True for a key whose text follows in the lines below (| or >). */
export function opensScalar({ content }: TextLine): boolean {
  return SCALAR_HEADER.test(content);
}

/** What kind of entry a line is. */
export function kindOfLine({ content }: TextLine): OpenBlock['kind'] {
  if (/^-(\s|$)/.test(content)) return 'item';
  return keyOf(content) === undefined ? 'text' : 'pair';
}

/** The key that a line's content begins with, quotes included. */
export function keyOf(content: string): string | undefined {
  return KEY.exec(content)?.[1];
}

function blocksOf(line: TextLine, outermost: number): OpenBlock[] {
  const kind = kindOfLine(line);
  const dash = kind === 'item' ? /^-\s+(?=\S)/.exec(line.content)?.[0] : undefined;
  const own: OpenBlock = { kind, column: line.indent, entry: line.content };
  if (dash === undefined || line.indent + dash.length >= outermost) return [own];
  const inner = { ...line, indent: line.indent + dash.length, content: line.content.slice(dash.length) };
  return [...blocksOf(inner, outermost), own];
}

function lineFrom(text: string, start: number): TextLine {
  const end = text.indexOf('\n', start);
  const whole = text.slice(start, end < 0 ? undefined : end).replace(/\r$/, '');
  const indent = whole.search(/[^ \t]|$/);
  return { start, indent, content: whole.slice(indent, indent + LONGEST_CONTENT).trimEnd() };
}

function hasEntry({ content }: TextLine): boolean {
  return content !== '' && !content.startsWith('#');
}
