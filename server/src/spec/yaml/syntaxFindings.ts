// What the YAML library says of a text -> findings (R004): one for each line, those that follow from one another dropped, and no more
// of them than anybody reads.
import type { Document } from 'yaml';
import type { Finding, Span } from '../../model/finding.ts';
import { linesOf } from '../../model/textLines.ts';
import { findingOf } from '../rules/finding.ts';
import { MOST_SYNTAX_ERRORS, type ComposedText } from './composeDocuments.ts';
import { explainSyntax, type Explanation } from './explainSyntax.ts';
import { openingQuotes } from './openingQuote.ts';
import { syntaxWords } from './syntaxWords.ts';

/** So many of them are explained from the lines around them; the rest keep the words of a table. */
const EXPLAINED = 50;

/** What the library says about a syntax error. */
type SyntaxProblem = Document.Parsed['errors'][number];

interface Problem {
  readonly document: Document.Parsed;
  readonly error: SyntaxProblem;
}

/**
 * The first syntax errors of all documents, `most` of them. `isLater`: a text with a syntax error stands before this one.
 */
export function syntaxFindings(
  composed: ComposedText,
  text: string,
  file: string,
  isLater: boolean,
  most: number = MOST_SYNTAX_ERRORS,
): readonly Finding[] {
  if (composed.documents.every(({ errors }) => errors.length === 0)) return [];
  const findings: Finding[] = [];
  const seen = new Set<number>();
  const lines = linesOf(text);
  const spanOf = spansIn(text, file);
  for (const problem of problemsOf(composed)) {
    const { error } = problem;
    const isToken = error.code === 'UNEXPECTED_TOKEN' && (isLater || findings.length > 0);
    const errorLine = lines.lineOf(error.pos[0]);
    if (isTolerated(error) || isToken || seen.has(errorLine)) continue;
    const explained: Explanation =
      findings.length < EXPLAINED ? explainSyntax(error, text) : syntaxWords(error);
    const span = explained.place ? placeIn(explained.place, file) : spanOf(problem);
    const placeLine = lines.lineOf(span.start);
    if (seen.has(placeLine)) continue;
    seen.add(errorLine).add(placeLine);
    findings.push(syntaxFinding(explained, span));
    if (findings.length === most) break;
  }
  return findings;
}

function* problemsOf({ documents }: ComposedText): Generator<Problem> {
  for (const document of documents) for (const error of document.errors) yield { document, error };
}

function syntaxFinding({ cause, advice, fix }: Explanation, span: Span): Finding {
  const edit = fix && { span: { file: span.file, start: fix.start, end: fix.end }, newText: fix.newText };
  return findingOf('R004', {
    span,
    words: { cause },
    ...(advice === undefined ? {} : { advice }),
    ...(edit ? { fixes: [{ title: fix.title, edits: [edit], preferred: true }] } : {}),
  });
}

function placeIn([start, end]: readonly [number, number], file: string): Span {
  return { file, start, end };
}

/** What the library refuses and hpc-compose's parser reads. */
function isTolerated(error: SyntaxProblem): boolean {
  return error.code === 'MISSING_CHAR' && error.message.startsWith('Comments must be separated');
}

/** Where errors are that nothing better is known of: a quote that is never closed at its start. */
function spansIn(text: string, file: string): (problem: Problem) => Span {
  const known = new Map<Document.Parsed, ReadonlyMap<number, number>>();
  const quotesOf = (document: Document.Parsed) => {
    const quotes = known.get(document) ?? openingQuotes(document);
    known.set(document, quotes);
    return quotes;
  };
  return ({ document, error: { pos, message } }) => {
    const isQuote = message.startsWith('Missing closing');
    const quote = isQuote ? quotesOf(document).get(pos[0]) : undefined;
    if (quote !== undefined) return { file, start: quote, end: quote + 1 };
    const start = Math.min(pos[0], text.length);
    const [inLine = ''] = /^.*/.exec(text.slice(start, pos[1])) ?? [];
    const end = Math.min(Math.max(start + inLine.length, start + 1), text.length);
    return start === end && start > 0 ? { file, start: start - 1, end } : { file, start, end };
  };
}
