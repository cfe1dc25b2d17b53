// Text -> documents of the `yaml` library, guarded: nesting is measured while tokens stream by, so that a megabyte of
// brackets ends after a hundred levels instead of exhausting the stack.
import { Composer, Lexer, Parser, type CST, type Document } from 'yaml';

/** Deepest nesting of collections that hpc-compose reads (spec contract, section 1). */
export const DEPTH_LIMIT = 128;
/** Levels of the parser's own stack beside the collections: document, flow end, scalar; generous, the exact test follows. */
const STACK_MARGIN = 24;

/** From so many tokens on one line on, a line that is broken already is not read to its end. */
const LONG_LINE = 20_000;

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
  /** Offset behind which nothing was read, because the line is broken and very long. */
  readonly cutAt?: number;
}

/** Documents of a text, or the offset where its nesting passes the limit. Never throws. */
export function composeDocuments(text: string): ComposedText {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let offset = 0;
  let [inLine, nextLook] = [0, LONG_LINE];
  let cutAt: number | undefined;
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > DEPTH_LIMIT + STACK_MARGIN) return { documents: [], tooDeepAt: offset };
    if (!isMark(lexeme)) offset += lexeme.length;
    inLine += 1;
    if (lexeme.endsWith('\n')) [inLine, nextLook] = [0, LONG_LINE];
    else if (inLine === nextLook) {
      if (isBroken(parser.stack)) {
        cutAt = offset;
        break;
      }
      nextLook *= 2;
    }
  }
  for (const token of parser.end()) tokens.push(token);
  const composer = new Composer(COMPOSER_OPTIONS);
  const documents = [...composer.compose(tokens, true, cutAt ?? text.length)];
  return cutAt === undefined ? { documents } : { documents, cutAt };
}

/** True when something on the way to the place being read could not be understood. */
function isBroken(stack: readonly CST.Token[]): boolean {
  return stack.some(
    (token) =>
      'items' in token &&
      token.items.some((item) => 'value' in item && (item.value as CST.Token | undefined)?.type === 'error'),
  );
}

/** The lexer's own marks (document start, flow end, scalar) take no room in the text. */
function isMark(lexeme: string): boolean {
  return lexeme === '\x02' || lexeme === '\x18' || lexeme === '\x1f';
}
