// Text -> documents of the `yaml` library, guarded: nesting is measured while tokens stream by, so that a megabyte of
// brackets ends after a hundred levels instead of exhausting the stack.
import { Composer, Lexer, Parser, type CST, type Document } from 'yaml';

/** Deepest nesting of collections that hpc-compose reads (spec contract, section 1). */
export const DEPTH_LIMIT = 128;
/** Levels of the parser's own stack beside the collections: document, flow end, scalar; generous, the exact test follows. */
const STACK_MARGIN = 24;

/** Everything is left to us: no typing, no tags, no merge keys, no duplicate check. */
const COMPOSER_OPTIONS = {
  schema: 'failsafe',
  resolveKnownTags: false,
  uniqueKeys: false,
  prettyErrors: false,
  merge: false,
  version: '1.2',
  strict: true,
  logLevel: 'silent',
} as const;

export interface ComposedText {
  readonly documents: readonly Document.Parsed[];
  /** Offset at which nesting became too deep; `documents` is then empty. */
  readonly tooDeepAt?: number;
}

/** Documents of a text, or the offset where its nesting passes the limit. Never throws. */
export function composeDocuments(text: string): ComposedText {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let offset = 0;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > DEPTH_LIMIT + STACK_MARGIN) return { documents: [], tooDeepAt: offset };
    if (!isMark(lexeme)) offset += lexeme.length;
  }
  for (const token of parser.end()) tokens.push(token);
  const composer = new Composer(COMPOSER_OPTIONS);
  return { documents: [...composer.compose(tokens, true, text.length)] };
}

/** The lexer's own marks (document start, flow end, scalar) take no room in the text. */
function isMark(lexeme: string): boolean {
  return lexeme === '\x02' || lexeme === '\x18' || lexeme === '\x1f';
}
