// Lines inside brackets and quotes may be indented as little as one likes for hpc-compose's YAML reader, down to a `]` in the first
// column; the library wants them deeper than the block that they are in. Here they are moved, and places in the text are moved back.
import { isCollection, isScalar, visit, type Document } from 'yaml';
import { endsItsLine } from './openBlocks.ts';

/** Spaces put in front of lines: offset of the line in the given text, and how many. */
export interface Insertion {
  readonly at: number;
  readonly count: number;
}

/** What the lines of one bracket or quote lack. */
export interface Missing {
  readonly spaces: readonly Insertion[];
  /** Offset of what closes it, once they are there. */
  readonly close: number;
}

/** Messages of the library about brackets and quotes that end too early for it. */
const CUT_SHORT = /must be sufficiently indented|^Missing closing ["']quote/;

/** True for an error of the library about a bracket or quote that ended too early for it. */
export function isCutShort({ message }: { readonly message: string }): boolean {
  return CUT_SHORT.test(message);
}

/**
 * The spaces that the lines of the first bracket or quote need which the library cut short; undefined when its first error is
 * another one, or when the bracket or quote is really not closed.
 */
export function missingSpaces(text: string, documents: readonly Document.Parsed[]): Missing | undefined {
  for (const document of documents) {
    const [error] = document.errors.toSorted((a, b) => a.pos[0] - b.pos[0]);
    if (!error) continue;
    if (!isCutShort(error)) return undefined;
    const open = openingOf(document, error.pos[0]);
    const close = open === undefined ? undefined : closingOf(text, open);
    return open !== undefined && close !== undefined && endsItsLine(text, close)
      ? spacesIn(text, open, close)
      : undefined;
  }
  return undefined;
}

/** The text with the spaces. */
export function withSpaces(text: string, insertions: readonly Insertion[]): string {
  let [result, from] = ['', 0];
  for (const { at, count } of insertions) {
    result += text.slice(from, at) + ' '.repeat(count);
    from = at;
  }
  return result + text.slice(from);
}

/** Spaces that were found in a text which has some already, joined with those: offsets are those of the text without any. */
export function joinSpaces(known: readonly Insertion[], added: readonly Insertion[]): readonly Insertion[] {
  const moved = added.map(({ at, count }) => ({ at: originalOffset(at, known), count }));
  const counts = new Map<number, number>();
  for (const { at, count } of [...known, ...moved]) counts.set(at, (counts.get(at) ?? 0) + count);
  return [...counts].map(([at, count]) => ({ at, count })).sort((a, b) => a.at - b.at);
}

/** Moves all places of a document back to the text without the spaces. */
export function placeBack(document: Document.Parsed, insertions: readonly Insertion[]): void {
  const back = (offset: number) => originalOffset(offset, insertions);
  visit(document, {
    Node: (_key, node) => {
      if (node.range) node.range = [back(node.range[0]), back(node.range[1]), back(node.range[2])];
    },
  });
  document.range = [back(document.range[0]), back(document.range[1]), back(document.range[2])];
  for (const error of document.errors) error.pos = [back(error.pos[0]), back(error.pos[1])];
}

function originalOffset(offset: number, insertions: readonly Insertion[]): number {
  let added = 0;
  for (const { at, count } of insertions) {
    if (at + added >= offset) break;
    // A place among the spaces is the line's start.
    added += Math.min(count, offset - at - added);
  }
  return offset - added;
}

/** Where the outermost bracket, or the quote, begins that ends at an error. */
function openingOf(document: Document.Parsed, at: number): number | undefined {
  let found: number | undefined;
  visit(document, {
    Node: (_key, node) => {
      const isOpen = isCollection(node) ? node.flow : isScalar(node) && node.type?.startsWith('QUOTE');
      if (!isOpen || !node.range || node.range[0] >= at || node.range[2] < at) return undefined;
      found = node.range[0];
      return visit.BREAK;
    },
  });
  return found;
}

const CLOSING: Readonly<Record<string, string>> = { '[': ']', '{': '}' };

/** Where a bracket or quote is closed; undefined when it is not, or when the document ends before. */
function closingOf(text: string, open: number): number | undefined {
  const first = text[open] ?? '';
  if (first === '"' || first === "'") return quoteEnd(text, open);
  const expected: string[] = [];
  // Quotes count only where a value may start: elsewhere they are part of a plain text.
  let mayStart = true;
  for (let at = open; at < text.length; at++) {
    const character = text[at] ?? '';
    if (CLOSING[character] !== undefined) expected.push(CLOSING[character]);
    else if (character === ']' || character === '}') {
      if (expected.pop() !== character) return undefined;
      if (expected.length === 0) return at;
    } else if (mayStart && (character === '"' || character === "'")) {
      const end = quoteEnd(text, at);
      if (end === undefined) return undefined;
      at = end;
    } else if (character === '#' && /\s/.test(text[at - 1] ?? '\n')) {
      at = lineEnd(text, at) - 1;
      continue;
    }
    if (/\S/.test(character)) mayStart = /[[{,:?]/.test(character) || CLOSING[character] !== undefined;
  }
  return undefined;
}

function quoteEnd(text: string, open: number): number | undefined {
  const pattern = text[open] === '"' ? /"(?:[^"\\]|\\[^])*"/y : /'(?:[^']|'')*'/y;
  pattern.lastIndex = open;
  return pattern.test(text) ? pattern.lastIndex - 1 : undefined;
}

/**
 * Undefined where a line starts another document, is indented with a tab, or has the colon of a key in the line above: those are
 * mistakes for hpc-compose, too.
 */
function spacesIn(text: string, open: number, close: number): Missing | undefined {
  const wanted = open - (text.lastIndexOf('\n', open) + 1) + 1;
  const insertions: Insertion[] = [];
  for (let at = lineEnd(text, open) + 1; at <= close; at = lineEnd(text, at) + 1) {
    const indent = /^ */.exec(text.slice(at, at + wanted))?.[0].length ?? 0;
    const next = text[at + indent] ?? '\n';
    if (indent === 0 && /^(?:---|\.\.\.)(?:\s|$)/.test(text.slice(at, at + 4))) return undefined;
    if (next === '\t' || next === ':') return undefined;
    if (indent < wanted && !/[\r\n]/.test(next)) insertions.push({ at, count: wanted - indent });
  }
  const added = insertions.reduce((sum, { count }) => sum + count, 0);
  return added === 0 ? undefined : { spaces: insertions, close: close + added };
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}
