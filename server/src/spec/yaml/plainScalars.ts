// Values of plainly written specs for readPlain: scalars on one line, brackets and braces on one line, block scalars. Each equals what
// the library reads, to the offset, or throws UNUSUAL.
import type { Pair, ScalarNode, SeqNode, MapNode, SpecNode } from '../node.ts';
import { isWord, plainValue } from './scalarValue.ts';

/** A text and the name that spans carry. */
export interface Source {
  readonly text: string;
  readonly file: string;
}

/** Thrown where the library has to read. Thrown away at once: no stack is taken. */
export const UNUSUAL = new Error('unusual');

/** A plain scalar of one line: it ends in front of `: `, a comment, a tab, or spaces at the end. */
const PLAIN = /(?:[\w./~$+]|-(?=[\w./~$+-]))(?:[^\n\t:# ]|:(?![\n \t]|$)|(?<![ \t])#| +(?![ \n\t#:]|$))*/y;
const DOUBLE = /"(?:[^"\\\n\t]|\\["\\nt])*"/y;
const SINGLE = /'(?:[^'\n\t]|'')*'/y;
/** A plain scalar inside brackets. */
const FLOW_PLAIN = /(?:[\w./$+]|-(?=[\w./$+]))[\w./$+=@-]*(?=[,\]}])/y;
const FLOW_KEY = /[A-Za-z_][\w.-]*(?=: [^ ])/y;
const HEADER = /([|>])([+-]?)\n/y;

const ESCAPES: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', n: '\n', t: '\t' };

const NEWLINE = 10;
const TAB = 9;
const SPACE = 32;
/** Deeper nesting in brackets is left to the library. */
const FLOW_DEPTH = 20;

/** The scalar, brackets or braces that begin here, all on one line. */
export function readInline(source: Source, at: number): SpecNode {
  return flowNode(source, at, FLOW_DEPTH) ?? plain(source, at, PLAIN);
}

/** A node that tells by its first character what it is. */
function flowNode(source: Source, at: number, depth: number): SpecNode | undefined {
  if (depth === 0) throw UNUSUAL;
  switch (source.text[at]) {
    case '"':
      return quoted(source, at, DOUBLE, 'double');
    case "'":
      return quoted(source, at, SINGLE, 'single');
    case '[':
      return readBrackets(source, at, depth - 1);
    case '{':
      return readBraces(source, at, depth - 1);
    default:
      return undefined;
  }
}

function quoted({ text, file }: Source, at: number, form: RegExp, style: 'double' | 'single'): ScalarNode {
  form.lastIndex = at;
  if (!form.test(text)) throw UNUSUAL;
  const end = form.lastIndex;
  const value = unescaped(text.slice(at + 1, end - 1), style);
  return { kind: 'scalar', value, style, span: { file, start: at, end } };
}

function unescaped(text: string, style: 'double' | 'single'): string {
  if (style === 'single') return text.includes("'") ? text.replaceAll("''", "'") : text;
  return text.includes('\\') ? text.replace(/\\(.)/g, (_, code: string) => ESCAPES[code] ?? '') : text;
}

function plain({ text, file }: Source, at: number, form: RegExp): ScalarNode {
  form.lastIndex = at;
  if (!form.test(text)) throw UNUSUAL;
  const end = form.lastIndex;
  const { value, integer, problem } = plainValue(text.slice(at, end));
  if (problem !== undefined) throw UNUSUAL;
  const span = { file, start: at, end };
  return integer
    ? { kind: 'scalar', value, style: 'plain', span, integer }
    : { kind: 'scalar', value, style: 'plain', span };
}

/** Brackets and braces with more in them are left to the library, which has a limit for lines. */
const MOST_INLINE = 2000;

/** A list in brackets on one line. */
function readBrackets(source: Source, from: number, depth: number): SeqNode {
  const items: SpecNode[] = [];
  let at = from + 1;
  while (source.text[at] !== ']') {
    if (items.length === MOST_INLINE) throw UNUSUAL;
    const item = flowItem(source, at, depth);
    items.push(item);
    at = behindComma(source, item.span.end, ']');
  }
  return { kind: 'seq', items, span: { file: source.file, start: from, end: at + 1 } };
}

/** A mapping in braces on one line, `: ` behind each key. */
function readBraces(source: Source, from: number, depth: number): MapNode {
  const { text, file } = source;
  const pairs: Pair[] = [];
  let at = from + 1;
  while (text[at] !== '}') {
    FLOW_KEY.lastIndex = at;
    if (!FLOW_KEY.test(text)) throw UNUSUAL;
    const end = FLOW_KEY.lastIndex;
    const name = text.slice(at, end);
    if (pairs.length === MOST_INLINE || isWord(name) || pairs.some(({ key }) => key.value === name))
      throw UNUSUAL;
    const value = flowItem(source, end + 2, depth);
    pairs.push({
      key: { kind: 'scalar', value: name, style: 'plain', span: { file, start: at, end } },
      value,
    });
    at = behindComma(source, value.span.end, '}');
  }
  return { kind: 'map', pairs, span: { file, start: from, end: at + 1 } };
}

function flowItem(source: Source, at: number, depth: number): SpecNode {
  return flowNode(source, at, depth) ?? plain(source, at, FLOW_PLAIN);
}

/** Behind `,` or `, `; at the closing sign when that follows. */
function behindComma({ text }: Source, end: number, close: string): number {
  if (text[end] === close) return end;
  if (text[end] !== ',') throw UNUSUAL;
  const at = end + (text.charCodeAt(end + 1) === SPACE ? 2 : 1);
  if (text[at] === close || text.charCodeAt(at) === NEWLINE) throw UNUSUAL;
  return at;
}

/** A literal, or a folded scalar without blank or deeper lines; undefined when none begins here. `indent`: of what holds it. */
export function readBlockScalar({ text, file }: Source, at: number, indent: number): ScalarNode | undefined {
  const sign = text[at];
  if (sign !== '|' && sign !== '>') return undefined;
  HEADER.lastIndex = at;
  if (!HEADER.test(text)) throw UNUSUAL;
  const chomp = text[HEADER.lastIndex - 2];
  const isFolded = sign === '>';
  const { lines, blanks, end, blankEnd } = contentOf(text, HEADER.lastIndex, indent);
  if (isFolded && !lines.every((line) => /^[^\s](?:.*[^\s])?$/.test(line))) throw UNUSUAL;
  const isKept = chomp === '+';
  if (isKept && text.charCodeAt(blankEnd - 1) !== NEWLINE) throw UNUSUAL;
  const body = lines.join(isFolded ? ' ' : '\n');
  const value = chomp === '-' ? body : body + '\n'.repeat(isKept ? blanks + 1 : 1);
  const span = { file, start: at, end: isKept ? blankEnd : end };
  return { kind: 'scalar', value, style: isFolded ? 'folded' : 'literal', span };
}

interface Content {
  readonly lines: readonly string[];
  /** Blank lines behind the last line. */
  readonly blanks: number;
  /** Behind the last line, its break included; the same behind the blank lines. */
  readonly end: number;
  readonly blankEnd: number;
}

function contentOf(text: string, from: number, indent: number): Content {
  const lines: string[] = [];
  let [column, blanks, start, end] = [-1, 0, from, from];
  while (start < text.length) {
    let at = start;
    while (text.charCodeAt(at) === SPACE) at += 1;
    const newline = text.indexOf('\n', at);
    const lineEnd = newline < 0 ? text.length : newline;
    const next = Math.min(lineEnd + 1, text.length);
    if (at === lineEnd) {
      if (at > start) throw UNUSUAL;
      blanks += 1;
    } else {
      const own = at - start;
      if (own <= indent) break;
      if (column < 0) column = own;
      if (own < column || text.charCodeAt(at) === TAB) throw UNUSUAL;
      for (; blanks > 0; blanks -= 1) lines.push('');
      lines.push(text.slice(start + column, lineEnd));
      end = next;
    }
    start = next;
  }
  if (column < 0) throw UNUSUAL;
  return { lines, blanks, end, blankEnd: start };
}
