// What hpc-compose's YAML reader does with scalars otherwise than the library: breaks of Unicode and escaped breaks in quoted and
// plain scalars, escapes that are no characters, tabs where a block scalar begins. Pure functions over the source of one scalar.
import type { Finding, Span } from '../../model/finding.ts';
import type { ScalarNode } from '../node.ts';
import { findingOf } from '../rules/finding.ts';
import { readUnit } from '../scalarPlaces.ts';

/** Where the library's value may differ: breaks that are kept, an empty line behind an escaped break. */
const OTHERWISE = /[\x85\u2028\u2029]|\\(?:\r\n?|\n)[ \t]*[\r\n]/;

const BREAK = /\r\n|[\n\r\x85\u2028\u2029]/g;
const FOLD = /[ \t]*(?:\r\n|[\n\r\x85\u2028\u2029])[ \t\n\r\x85\u2028\u2029]*/y;
const ESCAPED_FOLD = /\\(?:\r\n|[\n\r\x85\u2028\u2029])[ \t\n\r\x85\u2028\u2029]*/y;

/** The value of a quoted or plain scalar where the library reads another one; undefined where they agree. */
export function textOtherwise(source: string, style: ScalarNode['style']): string | undefined {
  if (isBlock(style) || !OTHERWISE.test(source)) return undefined;
  const isQuoted = style !== 'plain';
  let value = '';
  for (let at = isQuoted ? 1 : 0; at < source.length - (isQuoted ? 1 : 0);) {
    const unit = foldAt(source, at, style) ?? readUnit(source, at, style);
    value += unit.text;
    at += Math.max(unit.length, 1);
  }
  return value;
}

/** Breaks that begin here, with the blanks around them. */
function foldAt(source: string, at: number, style: ScalarNode['style']) {
  const isEscaped = style === 'double' && source[at] === '\\';
  const form = isEscaped ? ESCAPED_FOLD : FOLD;
  form.lastIndex = at;
  const run = form.exec(source)?.[0];
  return run === undefined ? undefined : { text: foldedBreaks(run, isEscaped), length: run.length };
}

/** A single break is a space, further ones stay; those of Unicode's own stay always, and behind an escaped one all others. */
function foldedBreaks(run: string, isEscaped: boolean): string {
  const [first = '', ...rest] = (run.match(BREAK) ?? []).map((found) => (found > '\x85' ? found : '\n'));
  if (isEscaped) return rest.join('');
  if (first === '\n') return rest.length === 0 ? ' ' : rest.join('');
  return first + rest.join('');
}

/** A part of a scalar's source that hpc-compose's reader refuses where the library reads on. */
interface RefusedPart {
  readonly start: number;
  readonly end: number;
  readonly cause: string;
  readonly advice: string;
}

/** R004 for what the library reads in a scalar and hpc-compose's reader refuses. */
export function refusal(source: string, style: ScalarNode['style'], place: Span): Finding | undefined {
  const part =
    style === 'double' ? halfCharacter(source) : isBlock(style) ? tabBeforeText(source) : undefined;
  if (!part) return undefined;
  const { start, end, cause, advice } = part;
  const span = { file: place.file, start: place.start + start, end: place.start + end };
  return findingOf('R004', { span, words: { cause }, advice });
}

function isBlock(style: ScalarNode['style']): boolean {
  return style === 'literal' || style === 'folded';
}

/** An escape that names half of a character. */
function halfCharacter(source: string): RefusedPart | undefined {
  const found = /(?<!\\)(?:\\\\)*\\(?:u|U0000)[dD][89a-fA-F][\da-fA-F]{2}/.exec(source);
  if (!found) return undefined;
  const start = found.index + found[0].lastIndexOf('\\');
  const cause = 'an escape names half of a character (a surrogate)';
  return { start, end: start + 2, cause, advice: 'Write the character itself, or \\U and eight digits.' };
}

/** A tab before which a block scalar has no line of text: nothing tells yet how deep it is indented. */
function tabBeforeText(source: string): RefusedPart | undefined {
  const found = /^[|>][+-]?(?:[ \t]+#[^\n]*|[ \t]*)\r?\n(?: *\r?\n)* *\t/.exec(source);
  if (!found) return undefined;
  const end = found[0].length;
  const cause = 'a tab stands where the first line of this block is indented';
  return { start: end - 1, end, cause, advice: 'Indent it with spaces.' };
}
