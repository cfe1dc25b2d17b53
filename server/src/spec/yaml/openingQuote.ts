// Where a quote was opened that is never closed: the parser tells only where its text ends, which helps nobody.
import { visit, type Document } from 'yaml';

/** Offset of the quote whose text ends at `end`; undefined when there is none. */
export function openingQuote(document: Document.Parsed, end: number): number | undefined {
  let found: number | undefined;
  visit(document, {
    Scalar: (_key, { type, range }) => {
      if (!type?.startsWith('QUOTE') || range?.[1] !== end) return undefined;
      found = range[0];
      return visit.BREAK;
    },
  });
  return found;
}
