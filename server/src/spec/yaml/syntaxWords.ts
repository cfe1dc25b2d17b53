// Words for people about syntax errors of YAML: what is wrong and what to do, instead of the library's terms.

export interface SyntaxWords {
  readonly cause: string;
  readonly advice?: string;
}

/** By the library's code; the first row of a code whose pattern fits its message. Others keep the library's words. */
const WORDS: readonly (readonly [code: string, pattern: RegExp, cause: string, advice?: string])[] = [
  [
    'TAB_AS_INDENT',
    /./,
    'this line is indented with a tab; YAML takes spaces only',
    'Replace the tab by spaces, as many as the lines beside it have.',
  ],
  [
    'MISSING_CHAR',
    /^Missing closing ["']/,
    'this quote is never closed',
    'Add the closing quote at the end of the value.',
  ],
  [
    'BAD_INDENT',
    /^All (mapping|sequence|collection) items/,
    'this line is indented by another number of spaces than the entries beside it',
    'Let all entries of one block start in the same column.',
  ],
  [
    'BAD_INDENT',
    /end with a \}/,
    'the { above is not closed: its } is missing before this line',
    'Add } where the mapping ends.',
  ],
  [
    'BAD_INDENT',
    /end with a \]/,
    'the [ above is not closed: its ] is missing before this line',
    'Add ] where the list ends.',
  ],
  [
    'MISSING_CHAR',
    /end with \}|\} at end/,
    'a { is not closed: its } is missing',
    'Add } where the mapping ends.',
  ],
  [
    'MISSING_CHAR',
    /end with \]|\] at end/,
    'a [ is not closed: its ] is missing',
    'Add ] where the list ends.',
  ],
  [
    'BLOCK_AS_IMPLICIT_KEY',
    /./,
    'a second `: ` in one line; YAML takes the text before it for another key',
    'Put the whole value into quotes.',
  ],
  [
    'MULTILINE_IMPLICIT_KEY',
    /./,
    'this line is neither `key: value` nor a list item; the `:` is missing, or it continues the line above',
    'Write `key: value`, or indent it deeper if it continues a value.',
  ],
  [
    'MISSING_CHAR',
    /^Implicit map keys need to be followed by map values/,
    'a key without `:`',
    'Write `key: value`.',
  ],
  ['BAD_SCALAR_START', /./, 'a value cannot start with this character', 'Put the value into quotes.'],
  [
    'BAD_DQ_ESCAPE',
    /./,
    'in double quotes this backslash starts an escape that YAML does not know',
    'Write \\\\ for a backslash, or use single quotes.',
  ],
  [
    'BLOCK_IN_FLOW',
    /./,
    'inside [ ] or { } entries are separated by commas, not written as lines with - or key:',
    'Close the bracket, or write the entries with commas.',
  ],
];

/** What is wrong, for a message, and what to do. */
export function syntaxWords({
  code,
  message,
}: {
  readonly code: string;
  readonly message: string;
}): SyntaxWords {
  const row = WORDS.find(([known, pattern]) => known === code && pattern.test(message));
  if (!row) return { cause: message };
  const [, , cause, advice] = row;
  return advice === undefined ? { cause } : { cause, advice };
}
