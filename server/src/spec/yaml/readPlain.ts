// The located tree of a spec that is written as most are: block mappings and lists, scalars on one line. Ten times as fast as the
// library, whose tree it equals to the offset; anything unusual (anchors, tags, block scalars, odd indentation, …) gives undefined.
import type { MapNode, Pair, ScalarNode, SeqNode, SpecNode } from '../node.ts';
import { plainValue } from './scalarValue.ts';

/** Deeper nesting is left to the library, which knows the exact limit. */
const DEPTH = 60;

/** A key; what is missing here may have a meaning of its own. */
const KEY = /([A-Za-z_][\w./-]*):(?=[ \n]|$)/y;
/** A plain scalar of one line, up to its end: no `: `, no comment, no tab, no space at the end. */
const PLAIN = /[\w./~$+](?:[^\n\t:#]|:(?![\n \t]|$)|(?<![ \t])#)*(?<! )(?=\n|$)/y;
const DOUBLE = /"[^"\\\n\t]*"/y;
const SINGLE = /'[^'\n\t]*'/y;
/** A plain scalar inside brackets. */
const FLOW_PLAIN = /[\w./$+][\w./$+=@-]*(?=[,\]])/y;

const ODD_BREAK = /[\r\x85\u2028\u2029]/;

const NEWLINE = 10;
const SPACE = 32;
const HASH = 35;
const DASH = 45;

interface Line {
  /** Offset of the first character that is no space. */
  readonly at: number;
  readonly indent: number;
  /** Offset of the line's end. */
  readonly end: number;
}

interface Reader {
  readonly text: string;
  readonly file: string;
  /** The line to be read; undefined at the end of the text. */
  line: Line | undefined;
}

/** A node and where everything that belongs to it ends, its line's end included. */
interface Read<N extends SpecNode = SpecNode> {
  readonly node: N;
  readonly end: number;
}

// Thrown away at once: no stack is taken.
const UNUSUAL = new Error('unusual');

/** The tree of a text, equal to the library's, or undefined when the text is not as plain as this reader. No finding is missed. */
export function readPlain(text: string, file: string): MapNode | undefined {
  if (ODD_BREAK.test(text)) return undefined;
  const reader: Reader = { text, file, line: undefined };
  try {
    reader.line = lineFrom(reader, 0);
    const first = reader.line;
    if (first?.indent !== 0) return undefined;
    const { node } = readMap(reader, first.at, 0, 1);
    return reader.line === undefined ? node : undefined;
  } catch (error) {
    if (error === UNUSUAL) return undefined;
    throw error;
  }
}

// A comment must stand where the next line of content does: only then it belongs to the same mapping.
function lineFrom({ text }: Reader, from: number): Line | undefined {
  let start = from;
  let comment = -1;
  while (start < text.length) {
    let at = start;
    while (text.charCodeAt(at) === SPACE) at += 1;
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const indent = at - start;
    const code = text.charCodeAt(at);
    if (at === end) {
      if (indent > 0) throw UNUSUAL;
    } else if (code === HASH) {
      if (comment >= 0 && comment !== indent) throw UNUSUAL;
      comment = indent;
    } else {
      if (comment >= 0 && comment !== indent) throw UNUSUAL;
      return { at, indent, end };
    }
    start = end + 1;
  }
  if (comment >= 0) throw UNUSUAL;
  return undefined;
}

/** Goes to the line after the current one. Gives where the current one ends, its line break included. */
function pass(reader: Reader): number {
  const { line, text } = reader;
  if (!line) throw UNUSUAL;
  const after = Math.min(line.end + 1, text.length);
  reader.line = lineFrom(reader, after);
  return after;
}

function readMap(reader: Reader, from: number, indent: number, depth: number): Read<MapNode> {
  if (depth > DEPTH) throw UNUSUAL;
  const pairs: Pair[] = [];
  const names = new Set<unknown>();
  let at = from;
  let end: number;
  for (;;) {
    const key = readKey(reader, at);
    if (names.has(key.value)) throw UNUSUAL;
    names.add(key.value);
    const value = readValue(reader, key.span.end + 1, indent, depth);
    pairs.push({ key, value: value.node });
    end = value.end;
    const next = reader.line;
    if (!next || next.indent < indent) break;
    if (next.indent > indent) throw UNUSUAL;
    at = next.at;
  }
  return { node: { kind: 'map', pairs, span: { file: reader.file, start: from, end } }, end };
}

function readKey({ text, file }: Reader, at: number): ScalarNode {
  KEY.lastIndex = at;
  const name = KEY.exec(text)?.[1];
  if (name === undefined || typeof plainValue(name).value !== 'string') throw UNUSUAL;
  return { kind: 'scalar', value: name, style: 'plain', span: { file, start: at, end: at + name.length } };
}

/** The value behind a key's colon, on the same line or indented below it. */
function readValue(reader: Reader, colonEnd: number, indent: number, depth: number): Read {
  const { line, text } = reader;
  if (!line) throw UNUSUAL;
  let at = colonEnd;
  while (text.charCodeAt(at) === SPACE) at += 1;
  if (at < line.end) return readRest(reader, at, indent);
  if (at > colonEnd) throw UNUSUAL;
  pass(reader);
  const below = reader.line;
  if (!below || below.indent <= indent) throw UNUSUAL;
  return isItem(text, below.at)
    ? readSeq(reader, below.at, below.indent, depth + 1)
    : readMap(reader, below.at, below.indent, depth + 1);
}

function isItem(text: string, at: number): boolean {
  return text.charCodeAt(at) === DASH && text.charCodeAt(at + 1) === SPACE;
}

function readSeq(reader: Reader, from: number, indent: number, depth: number): Read<SeqNode> {
  if (depth > DEPTH) throw UNUSUAL;
  const items: SpecNode[] = [];
  let at = from;
  let end: number;
  for (;;) {
    if (!isItem(reader.text, at)) throw UNUSUAL;
    const item = readItem(reader, at + 2, indent, depth);
    items.push(item.node);
    end = item.end;
    const next = reader.line;
    if (!next || next.indent < indent) break;
    if (next.indent > indent) throw UNUSUAL;
    at = next.at;
  }
  return { node: { kind: 'seq', items, span: { file: reader.file, start: from, end } }, end };
}

function readItem(reader: Reader, at: number, indent: number, depth: number): Read {
  KEY.lastIndex = at;
  return KEY.test(reader.text) ? readMap(reader, at, indent + 2, depth + 1) : readRest(reader, at, indent);
}

/** A value that ends with its line; what is indented below it would go on with it. */
function readRest(reader: Reader, at: number, indent: number): Read {
  const node = readInline(reader, at);
  if (node.span.end !== reader.line?.end) throw UNUSUAL;
  const end = pass(reader);
  if (isDeeper(reader, indent)) throw UNUSUAL;
  return { node, end };
}

function isDeeper({ line }: Reader, indent: number): boolean {
  return line !== undefined && line.indent > indent;
}

function readInline(reader: Reader, at: number): SpecNode {
  switch (reader.text[at]) {
    case '"':
      return quoted(reader, at, DOUBLE, 'double');
    case "'":
      return quoted(reader, at, SINGLE, 'single');
    case '[':
      return readBrackets(reader, at);
    default:
      return plain(reader, at, PLAIN);
  }
}

function quoted({ text, file }: Reader, at: number, form: RegExp, style: 'double' | 'single'): ScalarNode {
  form.lastIndex = at;
  if (!form.test(text)) throw UNUSUAL;
  const end = form.lastIndex;
  return { kind: 'scalar', value: text.slice(at + 1, end - 1), style, span: { file, start: at, end } };
}

function plain({ text, file }: Reader, at: number, form: RegExp): ScalarNode {
  form.lastIndex = at;
  if (!form.test(text)) throw UNUSUAL;
  const end = form.lastIndex;
  const { value, integer, problem } = plainValue(text.slice(at, end));
  if (problem !== undefined) throw UNUSUAL;
  const span = { file, start: at, end };
  return { kind: 'scalar', value, style: 'plain', span, ...(integer ? { integer } : {}) };
}

/** A list in brackets on one line, `, ` or `,` between its items. */
function readBrackets(reader: Reader, from: number): SeqNode {
  const { text, file } = reader;
  const items: SpecNode[] = [];
  let at = from + 1;
  while (text[at] !== ']') {
    const item = bracketItem(reader, at);
    items.push(item);
    at = item.span.end;
    if (text[at] === ',') {
      at += text.charCodeAt(at + 1) === SPACE ? 2 : 1;
      if (text[at] === ']' || text.charCodeAt(at) === NEWLINE) throw UNUSUAL;
    } else if (text[at] !== ']') throw UNUSUAL;
  }
  return { kind: 'seq', items, span: { file, start: from, end: at + 1 } };
}

function bracketItem(reader: Reader, at: number): ScalarNode {
  switch (reader.text[at]) {
    case '"':
      return quoted(reader, at, DOUBLE, 'double');
    case "'":
      return quoted(reader, at, SINGLE, 'single');
    default:
      return plain(reader, at, FLOW_PLAIN);
  }
}
