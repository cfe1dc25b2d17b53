// The located tree of a spec that is written as most are: block mappings and lists, values on one line, block scalars. Ten times as
// fast as the library, whose tree it equals to the offset; anything unusual (anchors, tags, odd indentation, …) gives undefined.
import type { MapNode, Pair, ScalarNode, SeqNode, SpecNode } from '../node.ts';
import { readBlockScalar, readInline, UNUSUAL, type Source } from './plainScalars.ts';
import { isWord } from './scalarValue.ts';

/** Deeper nesting is left to the library, which knows the exact limit. */
const DEPTH = 60;
/** From so many keys on a set of names tells twins faster than a look at each. */
const MANY_KEYS = 12;

/** A key; what is missing here may have a meaning of its own. */
const KEY = /[A-Za-z_][\w./-]*:(?=[ \n]|$)/y;
const COMMENT = / +#[^\n]*/y;

const ODD_BREAK = /[\r\x85\u2028\u2029]/;

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

/** Comments behind a value, all at one column, deeper than the next line: what they hang on reaches to their end. */
interface Trailing {
  readonly indent: number;
  readonly end: number;
  /** True once a collection at their column was found to end before them. */
  isAligned: boolean;
}

interface Reader extends Source {
  /** The line to be read; undefined at the end of the text. */
  line: Line | undefined;
  /** True when comments stand before that line. */
  isCommented: boolean;
  trailing: Trailing | undefined;
}

/** A node and where everything that belongs to it ends, its line's end included. */
interface Read<N extends SpecNode = SpecNode> {
  readonly node: N;
  readonly end: number;
}

/** The tree of a text, equal to the library's, or undefined when the text is not as plain as this reader. No finding is missed. */
export function readPlain(text: string, file: string): MapNode | undefined {
  if (ODD_BREAK.test(text)) return undefined;
  const reader: Reader = { text, file, line: undefined, isCommented: false, trailing: undefined };
  try {
    goTo(reader, 0);
    const first = reader.line;
    if (first?.indent !== 0) return undefined;
    const { node } = readMap(reader, first.at, 0, 1);
    return reader.line === undefined ? node : undefined;
  } catch (error) {
    if (error === UNUSUAL) return undefined;
    throw error;
  }
}

/** Goes to the next line with content. Comments before it stand at one column: its own, or that of a collection that ends. */
function goTo(reader: Reader, from: number): void {
  const { text } = reader;
  let [start, comment] = [from, -1];
  reader.trailing = undefined;
  reader.line = undefined;
  while (start < text.length) {
    let at = start;
    while (text.charCodeAt(at) === SPACE) at += 1;
    const newline = text.indexOf('\n', at);
    const end = newline < 0 ? text.length : newline;
    const indent = at - start;
    start = end + 1;
    if (at === end) {
      if (indent > 0) throw UNUSUAL;
    } else if (text.charCodeAt(at) === HASH) {
      if (comment >= 0 && comment !== indent) throw UNUSUAL;
      comment = indent;
    } else {
      if (comment >= 0 && comment < indent) throw UNUSUAL;
      reader.line = { at, indent, end };
      break;
    }
  }
  reader.isCommented = comment >= 0;
  const { line } = reader;
  const end = line?.at ?? text.length;
  if (comment > (line?.indent ?? -1)) reader.trailing = { indent: comment, end, isAligned: false };
}

/** Where a collection at this column ends whose content ends here: comments that are deeper belong to it, up to the next key. */
function endOf({ trailing }: Reader, indent: number, end: number): number {
  if (!trailing || trailing.indent < indent) return end;
  if (trailing.indent === indent) trailing.isAligned = true;
  if (!trailing.isAligned) throw UNUSUAL;
  return trailing.indent > indent ? trailing.end : end;
}

/** Goes to the line after the current one. Gives where the current one ends, its line break included. */
function pass(reader: Reader): number {
  const { line, text } = reader;
  if (!line) throw UNUSUAL;
  const after = Math.min(line.end + 1, text.length);
  goTo(reader, after);
  return after;
}

function readMap(reader: Reader, from: number, indent: number, depth: number): Read<MapNode> {
  if (depth > DEPTH) throw UNUSUAL;
  const pairs: Pair[] = [];
  const names = new Names(pairs);
  let at = from;
  let end: number;
  for (;;) {
    const key = readKey(reader, at);
    if (names.has(key.value)) throw UNUSUAL;
    const value = readValue(reader, key.span.end + 1, indent, depth);
    pairs.push({ key, value: value.node });
    end = endOf(reader, indent, value.end);
    const next = reader.line;
    if (!next || next.indent < indent) break;
    if (next.indent > indent) throw UNUSUAL;
    at = next.at;
  }
  return { node: { kind: 'map', pairs, span: { file: reader.file, start: from, end } }, end };
}

/** The names of a mapping's keys so far. */
class Names {
  private readonly pairs: readonly Pair[];
  private known: Set<unknown> | undefined;

  constructor(pairs: readonly Pair[]) {
    this.pairs = pairs;
  }

  has(name: unknown): boolean {
    if (this.pairs.length < MANY_KEYS) return this.pairs.some(({ key }) => key.value === name);
    this.known ??= new Set(this.pairs.map(({ key }) => key.value));
    const isKnown = this.known.has(name);
    this.known.add(name);
    return isKnown;
  }
}

function readKey({ text, file }: Source, at: number): ScalarNode {
  KEY.lastIndex = at;
  if (!KEY.test(text)) throw UNUSUAL;
  const end = KEY.lastIndex - 1;
  const name = text.slice(at, end);
  if (isWord(name)) throw UNUSUAL;
  return { kind: 'scalar', value: name, style: 'plain', span: { file, start: at, end } };
}

/** The value behind a key's colon: on the same line, indented below it, a list right below it, or none. */
function readValue(reader: Reader, colonEnd: number, indent: number, depth: number): Read {
  const { line, text } = reader;
  if (!line) throw UNUSUAL;
  let at = colonEnd;
  while (text.charCodeAt(at) === SPACE) at += 1;
  const isComment = text.charCodeAt(at) === HASH;
  if (at < line.end && !isComment) return readRest(reader, at, indent);
  if (at > colonEnd && !isComment) throw UNUSUAL;
  pass(reader);
  // Whose such comments are depends on what was not written.
  if (reader.trailing) throw UNUSUAL;
  const below = reader.line;
  if (below && below.indent >= indent && isItem(text, below.at))
    return readSeq(reader, below.at, below.indent, depth + 1, below.indent === indent);
  if (below && below.indent > indent) return readMap(reader, below.at, below.indent, depth + 1);
  if (isComment || reader.isCommented) throw UNUSUAL;
  return { node: nothingAt(reader, colonEnd), end: colonEnd };
}

function nothingAt({ file }: Source, at: number): ScalarNode {
  return { kind: 'scalar', value: null, style: 'plain', span: { file, start: at, end: at } };
}

function isItem(text: string, at: number): boolean {
  return text.charCodeAt(at) === DASH && text.charCodeAt(at + 1) === SPACE;
}

/** `isFlush`: the list stands at the indentation of its key, where the next key ends it. */
function readSeq(
  reader: Reader,
  from: number,
  indent: number,
  depth: number,
  isFlush: boolean,
): Read<SeqNode> {
  if (depth > DEPTH) throw UNUSUAL;
  const items: SpecNode[] = [];
  let at = from;
  let end: number;
  for (;;) {
    const item = readItem(reader, at + 2, indent, depth);
    items.push(item.node);
    end = endOf(reader, indent, item.end);
    const next = reader.line;
    if (!next || next.indent < indent) break;
    if (next.indent > indent) throw UNUSUAL;
    at = next.at;
    if (isItem(reader.text, at)) continue;
    if (isFlush) break;
    throw UNUSUAL;
  }
  return { node: { kind: 'seq', items, span: { file: reader.file, start: from, end } }, end };
}

function readItem(reader: Reader, at: number, indent: number, depth: number): Read {
  KEY.lastIndex = at;
  return KEY.test(reader.text) ? readMap(reader, at, indent + 2, depth + 1) : readRest(reader, at, indent);
}

/** A value that begins on this line; what is indented below it would go on with it. */
function readRest(reader: Reader, at: number, indent: number): Read {
  const block = readBlockScalar(reader, at, indent);
  if (block) {
    goTo(reader, block.span.end);
    return { node: block, end: block.span.end };
  }
  const node = readInline(reader, at);
  const lineEnd = reader.line?.end;
  COMMENT.lastIndex = node.span.end;
  const isEnd = node.span.end === lineEnd || (COMMENT.test(reader.text) && COMMENT.lastIndex === lineEnd);
  if (!isEnd) throw UNUSUAL;
  const end = pass(reader);
  if (reader.line && reader.line.indent > indent) throw UNUSUAL;
  return { node, end };
}
