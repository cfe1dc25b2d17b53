// Shapes and values in the words of messages.
import type { ScalarNode, SpecNode } from '../node.ts';
import { kindOf } from '../kindOf.ts';
import { quoted } from '../rules/finding.ts';
import { dereferenced, typesOf, type Shape } from './shape.ts';

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
};

/** Largest value of our integer formats, as hpc-compose holds them. */
export const FORMAT_LIMITS: Readonly<Record<string, bigint>> = {
  uint16: 65_535n,
  uint32: 4_294_967_295n,
  uint64: 18_446_744_073_709_551_615n,
};

/** What a shape allows: `text`, `a whole number`, `text or a list`, `one of a, b`. */
export function expectedWords(shape: Shape): string {
  const real = dereferenced(shape);
  if (real.enum) return real.enum.length === 1 ? wordsOfEnum(real) : `one of ${wordsOfEnum(real)}`;
  const words = new Set((real.anyOf ?? [real]).flatMap((branch) => wordsOfTypes(dereferenced(branch))));
  return [...words].join(' or ') || 'something else';
}

/** The words of an enumeration, for people. */
export function wordsOfEnum(shape: Shape): string {
  return (shape.enum ?? []).filter((word) => word !== null).join(', ');
}

function wordsOfTypes(shape: Shape): string[] {
  return typesOf(shape).flatMap((type) => TYPE_WORDS[type] ?? []);
}

/** A key that is no text, as written where that is short. */
export function gotKeyWords(key: ScalarNode): string {
  const { complex } = key;
  if (complex === undefined) return gotWords(key);
  return /^[[{].{0,40}$/.test(complex) ? complex : 'a mapping or list';
}

/** What is written: `a list`, `'abc'`, `the number 5`, `nothing`. */
export function gotWords(node: SpecNode): string {
  if (node.kind !== 'scalar') return kindOf(node);
  if (node.value === null) return 'empty';
  return typeof node.value === 'string' ? `the text ${quoted(node.value)}` : kindOf(node);
}
