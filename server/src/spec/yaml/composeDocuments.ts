// Text -> documents of the `yaml` library, guarded: nesting is measured while tokens stream by, so that a megabyte of
// brackets ends after a hundred levels instead of exhausting the stack.
import { Composer, Lexer, Parser, type CST, type Document } from 'yaml';
import {
  isCutShort,
  joinSpaces,
  missingSpaces,
  placeBack,
  withSpaces,
  type Insertion,
} from './looseIndent.ts';

/** Deepest nesting of collections that hpc-compose reads (spec contract, section 1). */
export const DEPTH_LIMIT = 128;
/** Levels of the parser's own stack beside the collections: document, flow end, scalar; generous, the exact test follows. */
const STACK_MARGIN = 24;

/** From so many tokens on one line on, a line that is broken already is not read to its end. */
const LONG_LINE = 20_000;
/** A line of more tokens is written by no person, and takes gigabytes to read. */
export const LONGEST_LINE = 160_000;

/** So many syntax errors of a text are told: behind that many nothing is sure any more, and each costs time and memory. */
export const MOST_SYNTAX_ERRORS = 1000;

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
  /** Offset in a line that is too long to be read; `documents` is then empty. */
  readonly tooLongAt?: number;
  /** Offset behind which nothing was read, because the line is broken and very long. */
  readonly cutAt?: number;
  /** True when lines of brackets or quotes were moved, which a syntax error before them would have prevented. */
  readonly isMoved?: true;
}

/** So many characters are read again, in sum, for lines of brackets and quotes that have to be moved. */
const MOST_READ_AGAIN = 4_000_000;

/** Documents of a text, or the offset where its nesting passes the limit. Never throws. */
export function composeDocuments(text: string): ComposedText {
  const asWritten = composeOnce(text);
  // So much is wrong that lines of a bracket or two change nothing.
  if (errorsOf(asWritten).length > MOST_SYNTAX_ERRORS) return asWritten;
  let [moved, composed] = [text, asWritten];
  let spaces: readonly Insertion[] = [];
  for (let read = text.length; read <= MOST_READ_AGAIN; read += moved.length) {
    const missing = composed.cutAt === undefined ? missingSpaces(moved, composed.documents) : undefined;
    const better = missing && withSpaces(moved, missing.spaces);
    const next = better === undefined ? undefined : composeOnce(better);
    if (!missing || better === undefined || !next || isUnread(next)) break;
    if (!isBetter(next, composed, missing.close)) break;
    spaces = joinSpaces(spaces, missing.spaces);
    [moved, composed] = [better, next];
  }
  if (composed === asWritten) return asWritten;
  for (const document of composed.documents) placeBack(document, spaces);
  return { ...composed, isMoved: true };
}

/**
 * True when there is no syntax error up to that place any more, and none that comes from it: fewer errors in sum, or one about
 * another bracket or quote next. A quote that is closed by chance makes errors of its own behind it.
 */
function isBetter(now: ComposedText, before: ComposedText, close: number): boolean {
  const errors = errorsOf(now);
  const [first] = errors;
  if (!first) return true;
  return first.pos[0] > close && (errors.length < errorsOf(before).length || isCutShort(first));
}

/** What the library says of a text, in its order. */
export function errorsOf({ documents }: ComposedText) {
  return documents.flatMap(({ errors }) => errors).sort((a, b) => a.pos[0] - b.pos[0]);
}

/** True where nothing was read. */
export function isUnread({ tooDeepAt, tooLongAt }: ComposedText): boolean {
  return tooDeepAt !== undefined || tooLongAt !== undefined;
}

/** The same without moving anything. */
export function composeOnce(text: string): ComposedText {
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
      if (inLine >= LONGEST_LINE) return { documents: [], tooLongAt: offset };
      if (isBroken(parser.stack)) {
        cutAt = offset;
        break;
      }
      nextLook *= 2;
    }
  }
  for (const token of parser.end()) tokens.push(token);
  const documents = withoutStacks(() => [
    ...new Composer(COMPOSER_OPTIONS).compose(tokens, true, cutAt ?? text.length),
  ]);
  return cutAt === undefined ? { documents } : { documents, cutAt };
}

/** The library makes an Error of everything it says: with their call stacks those of a broken text cost more than reading it. */
function withoutStacks<T>(work: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
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
