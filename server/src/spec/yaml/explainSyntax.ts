// What is wrong with the line of a syntax error, seen from its neighbours: most are lines that are indented a little wrong, and the
// library tells of those in words and at places that help nobody. Where nothing fits, the table of its words is used.
import { keyOf, kindOfLine, lineAbove, lineAt, lineBelow, openBlocks, opensScalar } from './openBlocks.ts';
import type { OpenBlock, TextLine } from './openBlocks.ts';
import { openBracket } from './openBracket.ts';
import { syntaxWords, type SyntaxWords } from './syntaxWords.ts';

export interface SyntaxProblem {
  readonly code: string;
  readonly message: string;
  /** Offsets; the text ends before the second. */
  readonly pos: readonly [number, number];
}

export interface Explanation extends SyntaxWords {
  /** Where it is, when not where the library says: offsets into the text. */
  readonly place?: readonly [start: number, end: number];
  /** One replacement that mends the line. */
  readonly fix?: {
    readonly title: string;
    readonly start: number;
    readonly end: number;
    readonly newText: string;
  };
}

/** What it does not say is taken from the table of words. */
type Explain = (line: TextLine, text: string, offset: number) => Partial<Explanation> | undefined;

const OPEN_BRACKET = /end with a [\]}]/;

/** By the library's code and message; the first that has something to say. */
const EXPLAIN: readonly (readonly [code: string, pattern: RegExp, explain: Explain])[] = [
  ['TAB_AS_INDENT', /./, tabbed],
  ['UNEXPECTED_TOKEN', /at node end$/, variableInBrackets],
  ['MISSING_CHAR', /between flow/, variableInBrackets],
  ['BAD_INDENT', OPEN_BRACKET, notClosed],
  ['BAD_INDENT', /^All (mapping|sequence|collection) items/, misplaced],
  ['BLOCK_AS_IMPLICIT_KEY', /block sequence/, misplaced],
  ['MISSING_CHAR', /^Sequence item without/, misplaced],
  ['UNEXPECTED_TOKEN', /at node end$/, misplaced],
  ['BLOCK_AS_IMPLICIT_KEY', /^Nested mappings/, tooDeepBelow],
  ['BLOCK_AS_IMPLICIT_KEY', /^Nested mappings/, secondColon],
  ['MULTILINE_IMPLICIT_KEY', /./, scalarTextNotIndented],
  ['MULTILINE_IMPLICIT_KEY', /./, noBlankAfterColon],
  ['MISSING_CHAR', /^Implicit map keys/, noBlankAfterColon],
  ['MULTILINE_IMPLICIT_KEY', /./, noColon],
  ['MISSING_CHAR', /^Implicit map keys/, noColon],
  ['UNEXPECTED_TOKEN', /at node end$/, textAfterQuote],
  ['UNEXPECTED_TOKEN', /on same line with key$/, listBesideKey],
  ['BAD_SCALAR_START', /./, reservedStart],
];

/** True for a bracket that was still open where the library gave it up. */
export function isOpenBracket({ code, message }: Pick<SyntaxProblem, 'code' | 'message'>): boolean {
  return code === 'BAD_INDENT' && OPEN_BRACKET.test(message);
}

/** What is wrong, what to do, and where it is if the library is mistaken there. */
export function explainSyntax({ code, message, pos }: SyntaxProblem, text: string): Explanation {
  const line = lineAt(text, pos[0]);
  if (CONFLICT_MARK.test(line.content) && line.indent === 0) return conflict(line);
  for (const [known, pattern, explain] of EXPLAIN) {
    const words = known === code && pattern.test(message) ? explain(line, text, pos[0]) : undefined;
    if (words) return { ...syntaxWords({ code, message }), ...words };
  }
  return syntaxWords({ code, message });
}

const CONFLICT_MARK = /^(?:<{7}|={7}|>{7}|\|{7})(?: |$)/;

/** What git leaves where two people changed the same lines. */
function conflict({ start, content }: TextLine): Explanation {
  return {
    cause: 'a mark of a merge conflict: two versions of these lines stand one after the other',
    advice: 'Keep one of the two, and remove the lines with <<<<<<<, ======= and >>>>>>>.',
    place: [start, start + content.trimEnd().length],
  };
}

/** A tab counts as two spaces more than the nearest line above that has none, or as many as the first such line below. */
function tabbed(line: TextLine, text: string): Partial<Explanation> {
  const blanks = text.slice(line.start, line.start + line.indent);
  const tabs = blanks.match(/\t/g)?.length ?? 0;
  const below = lineBelow(text, line);
  const besideIt =
    below && !text.slice(below.start, below.start + below.indent).includes('\t') ? below.indent : 0;
  const column =
    tabs === 1 && blanks === '\t' && besideIt > 0 ? besideIt : blanks.replaceAll('\t', '  ').length;
  return { place: [line.start, line.start + line.indent], fix: indentBy(line, column) };
}

/** `${N}` in brackets: the library takes its { for another bracket. */
function variableInBrackets(line: TextLine, _text: string, offset: number): Explanation | undefined {
  const at = offset - line.start - line.indent;
  const found = [...line.content.matchAll(/[^\s,[\]{}"']*\$\{[^}\n"]*\}[^\s,[\]{}"']*/g)].find(
    ({ index, 0: { length } }) => index <= at && at <= index + length,
  );
  if (!found) return undefined;
  const start = line.start + line.indent + found.index;
  const end = start + found[0].length;
  return {
    cause: `inside [ ] or { } a variable must stand in quotes, or its { counts as another bracket`,
    advice: `Write "${found[0]}".`,
    place: [start, end],
    fix: { title: 'Put it into quotes', start, end, newText: `"${found[0]}"` },
  };
}

/** The bracket itself is at fault, not the line where the library gives up. */
function notClosed(line: TextLine, text: string, offset: number): Partial<Explanation> | undefined {
  const open = openBracket(text, offset);
  if (open === undefined) return undefined;
  const [mark, wanted] = text[open] === '[' ? ['[', ']'] : ['{', '}'];
  const before = line.content === '' ? '' : `; ${shown(line.content)} is taken for a part of it`;
  return { cause: `this ${mark} is not closed: its ${wanted} is missing${before}`, place: [open, open + 1] };
}

/** `image alpine`: a first word that could be a key. */
function noColon(line: TextLine): Partial<Explanation> | undefined {
  const found = /^((?:-\s+)*)([A-Za-z_][\w-]*)(?:\s+([^\s:#].*))?$/.exec(line.content.trimEnd());
  if (!found || line.content.length > LONGEST_SHOWN) return undefined;
  const [, dashes = '', key = '', rest] = found;
  if (rest === undefined) return { advice: `Write \`${key}: value\`.` };
  const at = line.start + line.indent + dashes.length + key.length;
  return {
    advice: `Write \`${key}: ${rest}\`, or indent it deeper if it continues a value.`,
    fix: { title: `Put a colon after \`${key}\``, start: at, end: at, newText: ':' },
  };
}

const LONGEST_SHOWN = 80;

/** A line whose column, or whose kind, is not that of the entries it stands among. */
function misplaced(line: TextLine, text: string, offset: number): Explanation | undefined {
  if (offset > line.start + line.indent || line.content === '') return undefined;
  const open = openBlocks(text, line);
  const kind = kindOfLine(line);
  const beside = open.find(({ column }) => column === line.indent);
  if (beside && beside.kind !== kind) {
    const deeper = open.find((block) => block.kind === kind && block.column > line.indent);
    return deeper ? belongsDeeper(line, kind, deeper) : mixed(line, kind, beside);
  }
  const meant = nearestBlock(open, line.indent, kind);
  if (!meant || meant.column === line.indent) return undefined;
  return {
    cause:
      meant.kind === 'scalar'
        ? `this line of the text of ${shown(meant.entry)} is indented by ${counted(line.indent)}, its first line by ${meant.column}`
        : `this line is indented by ${counted(line.indent)}, the entries beside it by ${meant.column}`,
    advice: `Indent it by ${counted(meant.column)}, like ${meant.kind === 'scalar' ? 'the first line' : shown(meant.entry)}.`,
    place: firstWord(line),
    fix: indentBy(line, meant.column),
  };
}

/** A line that stands among entries of another kind, while a block of its own kind is open further in. */
function belongsDeeper(line: TextLine, kind: OpenBlock['kind'], { column, entry }: OpenBlock): Explanation {
  const advice = `Indent it by ${counted(column)}, like ${shown(entry)}`;
  return {
    cause: `this line is indented by ${counted(line.indent)}, the entries beside it by ${column}`,
    advice:
      kind === 'item' ? `${advice}.` : `${advice}, or begin it with \`- \` if it is an entry of the list.`,
    place: firstWord(line),
    fix: indentBy(line, column),
  };
}

function mixed(line: TextLine, kind: OpenBlock['kind'], beside: OpenBlock): Explanation | undefined {
  const place = firstWord(line);
  if (beside.kind === 'item') {
    const cause = `this line is no list item, but the entries above it are: ${shown(beside.entry)}`;
    return { cause, advice: 'Begin it with `- `, or write all entries of the block as `key: value`.', place };
  }
  if (kind !== 'item') return undefined;
  const cause = `a list item among entries with keys: ${shown(beside.entry)}`;
  return { cause, advice: 'Write it as `key: value`, or begin all entries of the block with `- `.', place };
}

/** The block whose entries are the least number of spaces away; one of the line's own kind before others. */
function nearestBlock(
  open: readonly OpenBlock[],
  indent: number,
  kind: OpenBlock['kind'],
): OpenBlock | undefined {
  const inText = open.find((block) => block.kind === 'scalar');
  if (inText && kind === 'text') return inText;
  const far = ({ column, ...block }: OpenBlock) =>
    Math.abs(column - indent) * 2 + (block.kind === kind ? 0 : 3);
  return open.reduce<OpenBlock | undefined>(
    (best, block) => (block.kind !== 'text' && (!best || far(block) < far(best)) ? block : best),
    undefined,
  );
}

/** `key: value` followed by a deeper `key: value`: YAML blames the first line, which is right. */
function tooDeepBelow(line: TextLine, text: string): Explanation | undefined {
  const key = keyOf(line.content.replace(/^(-\s+)+/, ''));
  const below = lineBelow(text, line);
  if (key === undefined || !below || below.indent <= line.indent || hasSecondColon(line.content, key))
    return undefined;
  return {
    cause: `this line is indented deeper than \`${key}\` above, which has a value already`,
    advice: `Indent it by ${counted(columnOf(line))}, or remove the value of \`${key}\`.`,
    place: firstWord(below),
    fix: indentBy(below, columnOf(line)),
  };
}

function secondColon(line: TextLine, text: string, offset: number): Partial<Explanation> | undefined {
  const value = line.content.slice(offset - line.start - line.indent).replace(/\s+#.*$/, '');
  if (value === '' || offset < line.start + line.indent) return undefined;
  const quote = ['"', "'"].find((mark) => !value.includes(mark) && (mark === "'" || !value.includes('\\')));
  const goesOn = (lineBelow(text, line)?.indent ?? 0) > line.indent;
  const [start, end] = [offset, offset + value.length];
  const fix = { title: 'Put the value into quotes', start, end, newText: `${quote}${value}${quote}` };
  return quote === undefined || goesOn ? { place: [start, end] } : { place: [start, end], fix };
}

function scalarTextNotIndented(line: TextLine, text: string): Explanation | undefined {
  const above = lineAbove(text, line);
  if (!above || !opensScalar(above) || line.indent > above.indent) return undefined;
  return {
    cause: `the text of ${shown(above.content)} must be indented deeper than its key`,
    advice: `Indent its lines by ${counted(above.indent + 2)}.`,
    place: firstWord(line),
  };
}

function noBlankAfterColon(line: TextLine): Explanation | undefined {
  const found = /^((?:-\s+)*)([A-Za-z_][\w-]*):(?=[^\s:/])/.exec(line.content);
  if (!found) return undefined;
  const [whole, dashes = '', key = ''] = found;
  const start = line.start + line.indent + dashes.length;
  const colon = line.start + line.indent + whole.length;
  return {
    cause: `a space is missing after \`${key}:\``,
    advice: `Write \`${key}: value\`.`,
    place: [start, colon],
    fix: { title: `Put a space after \`${key}:\``, start: colon, end: colon, newText: ' ' },
  };
}

function textAfterQuote(line: TextLine, text: string, offset: number): Explanation | undefined {
  const quote = text[text.slice(0, offset).trimEnd().length - 1];
  if (quote !== "'" && quote !== '"') return undefined;
  const advice =
    quote === "'"
      ? "Write '' for a ' inside single quotes, or put the whole value into double quotes."
      : 'Write \\" for a " inside double quotes, or put the whole value into single quotes.';
  const end = line.start + line.indent + line.content.length;
  return { cause: 'text after the closing quote of the value', advice, place: [offset, end] };
}

function listBesideKey(line: TextLine): Explanation {
  const key = keyOf(line.content) ?? 'key';
  return {
    cause: `a list cannot begin in the line of its key \`${key}\``,
    advice: `Begin it in the next line, or write it as \`${key}: [a, b]\`.`,
  };
}

function reservedStart(_line: TextLine, text: string, offset: number): Explanation {
  const start = text[offset] ?? '';
  return { cause: `a value cannot start with ${start}`, advice: 'Put the value into quotes.' };
}

function hasSecondColon(content: string, key: string): boolean {
  return /:(\s|$)/.test(
    content.slice(content.indexOf(key) + key.length + 1).replace(/(["']).*?\1|\s#.*/g, ''),
  );
}

/** Where a line's key begins, dashes before it passed over. */
function columnOf({ indent, content }: TextLine): number {
  return indent + (/^(-\s+)*/.exec(content)?.[0].length ?? 0);
}

function firstWord({ start, indent, content }: TextLine): readonly [number, number] {
  const word = keyOf(content) ?? /^\S+/.exec(content)?.[0] ?? ' ';
  return [start + indent, start + indent + word.length];
}

function indentBy({ start, indent }: TextLine, column: number) {
  return { title: `Indent by ${counted(column)}`, start, end: start + indent, newText: ' '.repeat(column) };
}

function counted(spaces: number): string {
  return spaces === 1 ? '1 space' : `${spaces} spaces`;
}

/** An entry as a message shows it: without its comment, cut where it is long. */
function shown(line: string): string {
  const entry = line.replace(/\s+#.*$/, '');
  return `\`${entry.length > 40 ? `${entry.slice(0, 40).trimEnd()}…` : entry}\``;
}
