// Words for people about syntax errors of YAML: what is wrong and what to do, instead of the library's terms.

/** What findings about tabs say; the lines below such a one are blamed for nothing else. */
export const TAB_CAUSE = 'this line is indented with a tab; YAML takes spaces only';

export interface SyntaxWords {
  readonly cause: string;
  readonly advice?: string;
}

/** By the library's code; the first row of a code whose pattern fits its message. Others keep the library's words. */
const WORDS: readonly (readonly [code: string, pattern: RegExp, cause: string, advice?: string])[] = [
  [
    'TAB_AS_INDENT',
    /./,
    TAB_CAUSE,
    'Replace the tab by spaces, as many as the lines beside it have. VS Code does it for all lines: "Convert Indentation to Spaces".',
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
    /between flow map items/,
    'a comma is missing before this entry of { }',
    'Put a comma between two entries; a value that holds , [ ] or { } belongs into quotes.',
  ],
  [
    'MISSING_CHAR',
    /between flow sequence items/,
    'a comma is missing before this entry of [ ]',
    'Put a comma between two entries; a value that holds , [ ] or { } belongs into quotes.',
  ],
  [
    'MISSING_CHAR',
    /^Sequence item without/,
    'this line is no list item, but the entries above it are',
    'Begin it with `- `.',
  ],
  [
    'MISSING_CHAR',
    /^Tags and anchors must be separated/,
    'a value cannot start with & or !',
    'Put the value into quotes.',
  ],
  ['MISSING_CHAR', /directives-end/, 'the line `---` is missing below the directive', 'Add it.'],
  [
    'MISSING_CHAR',
    /end with a? ?\}|\} at end/,
    'a { is not closed: its } is missing',
    'Add } where the mapping ends.',
  ],
  [
    'MISSING_CHAR',
    /end with a? ?\]|\] at end/,
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
  ['BAD_ALIAS', /empty/, 'a value cannot start with * or &', 'Put the value into quotes.'],
  [
    'UNEXPECTED_TOKEN',
    /^Unexpected flow-(?:map|seq)-end/,
    'this bracket closes nothing: there is no opening one before it',
    'Remove it, or put the value into quotes if it is a part of it.',
  ],
  [
    'UNEXPECTED_TOKEN',
    /^Unexpected flow-(?:map|seq)-start/,
    'a bracket in the middle of a value',
    'Put the whole value into quotes.',
  ],
  [
    'UNEXPECTED_TOKEN',
    /^Unexpected , in flow/,
    'a comma without an entry before it',
    'Remove it, or put the value into quotes if it is a part of it.',
  ],
  [
    'UNEXPECTED_TOKEN',
    /at node end$/,
    'text after the end of the value',
    'Remove it, or put the whole value into quotes.',
  ],
  [
    'UNEXPECTED_TOKEN',
    /^Block scalar header/,
    'text behind | or >; the text of the block begins in the next line',
    'Put the text into the lines below, or the whole value into quotes.',
  ],
  [
    'UNEXPECTED_TOKEN',
    /^Not a YAML token/,
    'text that belongs to no key',
    'Write one `key: value` in each line, or put the value into quotes.',
  ],
  [
    'UNEXPECTED_TOKEN',
    /^Unexpected (?:scalar token|map-value-ind|: in flow)/,
    'text that belongs to no key',
    'Write one `key: value` in each line, or put the value into quotes.',
  ],
  [
    'BAD_INDENT',
    /^Block scalar/,
    'the lines of the text below | or > are not indented alike',
    'Indent them deeper than the key, the first line not deeper than the others.',
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
