// Where a part of a scalar's value stands in the source: through quotes, escapes, folded lines and block scalars. Works by
// walking value and source together, so it needs no help from the YAML parser; where the two disagree, the whole scalar is the place.
import type { Span } from '../model/finding.ts';
import type { ScalarNode } from './node.ts';

/** The span of `value[start, end)` of a string scalar, given the text of its file. */
export function placeInScalar(node: ScalarNode, sourceText: string, start: number, end: number): Span {
  return placesInScalar(node, sourceText)(start, end);
}

/** The same for many parts of one scalar, which is walked once. */
export function placesInScalar(node: ScalarNode, sourceText: string): (start: number, end: number) => Span {
  const value = node.raw ?? node.value;
  let places: Place[] | undefined;
  const all = (text: string) =>
    (places ??= alignScalar(sourceText.slice(node.span.start, node.span.end), node.style, text) ?? []);
  return (start, end) => {
    if (typeof value !== 'string' || start >= end) return node.span;
    const first = all(value)[start];
    const last = all(value)[end - 1];
    if (first === undefined || last === undefined) return node.span;
    const from = node.span.start;
    return { file: node.span.file, start: from + first.start, end: from + last.end };
  };
}

interface Place {
  readonly start: number;
  readonly end: number;
}

function alignScalar(source: string, style: ScalarNode['style'], value: string): Place[] | undefined {
  return (style === 'literal' ? alignLiteral(source, value) : undefined) ?? alignByWalk(source, style, value);
}

/** Lines of a literal block stand for lines of the value, all indented alike: every blank has its place, too. */
function alignLiteral(source: string, value: string): Place[] | undefined {
  const places: Place[] = [];
  let at = contentStart(source, 'literal');
  let indent: number | undefined;
  for (const line of value.split('\n')) {
    const lineEnd = /\r?\n|$/g;
    lineEnd.lastIndex = at;
    const end = lineEnd.exec(source)?.index ?? source.length;
    if (line !== '') indent ??= end - at - line.length;
    const from = Math.min(at + (indent ?? 0), end);
    if (source.slice(from, from + line.length) !== line) return undefined;
    for (let index = 0; index <= line.length; index++)
      places.push({ start: from + index, end: from + index + 1 });
    at = end + (source.startsWith('\r\n', end) ? 2 : 1);
  }
  return places;
}

function alignByWalk(source: string, style: ScalarNode['style'], value: string): Place[] | undefined {
  let at = contentStart(source, style);
  const places: Place[] = [];
  for (let index = 0; index < value.length;) {
    const char = value[index] ?? '';
    if (isBlank(char) && !(style === 'double' && source[at] === '\\')) {
      places.push({ start: at, end: isBlank(source[at] ?? '') ? at + 1 : at });
      if (isBlank(source[at] ?? '')) at++;
      index++;
      continue;
    }
    at = skipBlanks(source, at, style);
    const unit = readUnit(source, at, style);
    if (unit.text === '' || !value.startsWith(unit.text, index)) return undefined;
    const place = { start: at, end: at + unit.length };
    places.push(...Array.from({ length: unit.text.length }, () => place));
    index += unit.text.length;
    at += unit.length;
  }
  return places;
}

function contentStart(source: string, style: ScalarNode['style']): number {
  if (style === 'plain') return 0;
  if (style === 'single' || style === 'double') return source.search(/['"]/) + 1;
  const header = /^[|>][^\n]*\n/.exec(source);
  return header ? header[0].length : 0;
}

/** Blanks of the source that the value lacks: indentation, folds, and in double quotes an escaped line end. */
function skipBlanks(source: string, from: number, style: ScalarNode['style']): number {
  let at = from;
  for (;;) {
    if (isBlank(source[at] ?? '')) at++;
    else if (style === 'double' && /^\\\r?\n/.test(source.slice(at, at + 3))) at += 2;
    else return at;
  }
}

interface Unit {
  readonly text: string;
  readonly length: number;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
};
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** The character of the value that stands at a place of the source, through quotes and escapes. */
export function readUnit(source: string, at: number, style: ScalarNode['style']): Unit {
  const char = source[at] ?? '';
  if (style === 'single' && source.startsWith("''", at)) return { text: "'", length: 2 };
  if (style !== 'double' || char !== '\\') return { text: char, length: 1 };
  const letter = source[at + 1] ?? '';
  const digits = HEX_DIGITS[letter];
  if (digits === undefined) return { text: ESCAPES[letter] ?? letter, length: 2 };
  const code = Number.parseInt(source.slice(at + 2, at + 2 + digits), 16);
  return { text: code <= 0x10ffff ? String.fromCodePoint(code) : '', length: 2 + digits };
}

function isBlank(char: string): boolean {
  return char === ' ' || char === '\n' || char === '\r' || char === '\t';
}
