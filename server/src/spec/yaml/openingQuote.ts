// Where a quote was opened that is never closed: the parser tells only where its text ends, which helps nobody.
import { visit, type Document } from 'yaml';

/** Offsets of the quotes of a document by the offset where their text ends. One walk, however many of them are asked for. */
export function openingQuotes(document: Document.Parsed): ReadonlyMap<number, number> {
  const quotes = new Map<number, number>();
  visit(document, {
    Scalar: (_key, { type, range }) => {
      if (type?.startsWith('QUOTE') && range && !quotes.has(range[1])) quotes.set(range[1], range[0]);
    },
  });
  return quotes;
}
