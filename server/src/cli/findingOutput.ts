// Findings as people and scripts read them on the command line: text with the line they are on, JSON as interfaces section 4 says.
import { basename } from 'node:path';
import type { Finding, Severity } from '../model/finding.ts';
import { linesOf, type TextLines } from '../model/textLines.ts';

type TextOf = (file: string) => string | undefined;

interface Position {
  readonly line: number;
  readonly character: number;
}

export interface FindingJson {
  readonly code: string;
  readonly level: Severity;
  readonly message: string;
  readonly file: string;
  readonly range: { readonly start: Position; readonly end: Position };
  readonly field?: string;
  readonly service?: string;
  readonly recommendation?: string;
  readonly origin: 'peer' | 'extra';
}

/** Positions as in LSP: lines and UTF-16 code units from 0. */
export function rangeOf({ span }: Finding, textOf: TextOf): FindingJson['range'] {
  const text = textOf(span.file) ?? '';
  return { start: positionAt(text, span.start), end: positionAt(text, span.end) };
}

function positionAt(text: string, offset: number): Position {
  const { lineOf, startOf } = linesAt(text);
  const line = lineOf(offset);
  return { line, character: Math.max(0, Math.min(offset, text.length) - startOf(line)) };
}

let latest: { readonly text: string; readonly lines: TextLines } | undefined;

/** Lines of a text; those of the last one asked for are kept, as findings come file by file. */
function linesAt(text: string): TextLines {
  if (latest?.text !== text) latest = { text, lines: linesOf(text) };
  return latest.lines;
}

export function findingJson(finding: Finding, textOf: TextOf): FindingJson {
  return {
    code: finding.code,
    level: finding.severity,
    message: finding.message,
    file: finding.span.file,
    range: rangeOf(finding, textOf),
    ...(finding.field === undefined ? {} : { field: finding.field }),
    ...(finding.service === undefined ? {} : { service: finding.service }),
    ...(finding.recommendation === undefined ? {} : { recommendation: finding.recommendation }),
    origin: originOf(finding),
  };
}

/** `peer` for rules that hpc-compose has, too. */
export function originOf({ code }: Finding): 'peer' | 'extra' {
  return /^(R\d|HPC)/.test(code) ? 'peer' : 'extra';
}

/** One object: pretty when it is the only one, on one line among others. */
export function jsonText(value: unknown, isOnly: boolean): string {
  return `${isOnly ? JSON.stringify(value, null, 2) : JSON.stringify(value)}\n`;
}

/** So many findings are written at once: the JSON of 100,000 in one text would weigh more than everything else. */
const WRITTEN_AT_ONCE = 1000;

/** The text of an object with `findings` as its last member, as `jsonText` gives it, in pieces. */
export function* findingsJson(
  rest: object,
  findings: readonly Finding[],
  textOf: TextOf,
  isOnly: boolean,
): Generator<string> {
  const whole = jsonText({ ...rest, findings: [] }, isOnly);
  const close = whole.lastIndexOf(']');
  yield whole.slice(0, close);
  const end = isOnly ? '\n  ]' : ']';
  for (let from = 0; from < findings.length; from += WRITTEN_AT_ONCE) {
    const some = findings.slice(from, from + WRITTEN_AT_ONCE).map((finding) => findingJson(finding, textOf));
    const text = jsonText({ some }, isOnly);
    yield (from === 0 ? '' : ',') + text.slice(text.indexOf('[') + 1, text.lastIndexOf(end));
  }
  yield (findings.length > 0 ? end : ']') + whole.slice(close + 1);
}

const LONGEST_LINE = 160;

/** A finding with its place, the line it is on, and what to do: five lines at most. */
export function findingText(finding: Finding, textOf: TextOf): string {
  const { start, end } = rangeOf(finding, textOf);
  const text = textOf(finding.span.file) ?? '';
  const where = `${finding.span.file}:${start.line + 1}:${start.character + 1}`;
  const lines = [`${where}: ${finding.severity} ${finding.code}: ${finding.message}`];
  const { startOf } = linesAt(text);
  const source = text.slice(startOf(start.line), startOf(start.line + 1)).replace(/\r?\n?$/, '');
  if (source.trim() !== '' && source.length <= LONGEST_LINE) {
    const until = end.line === start.line ? end.character : source.length;
    const gutter = `${start.line + 1}`.padStart(5);
    lines.push(`${gutter} | ${source}`);
    const indent = source.slice(0, start.character).replace(/[^\t]/g, ' ');
    lines.push(`${' '.repeat(5)} | ${indent}${'^'.repeat(Math.max(1, until - start.character))}`);
  }
  for (const place of (finding.related ?? []).slice(0, 3))
    lines.push(`  note: ${relatedText(place, textOf)}`);
  if (finding.recommendation !== undefined) lines.push(`  help: ${finding.recommendation}`);
  return lines.join('\n');
}

function relatedText({ span, message }: NonNullable<Finding['related']>[number], textOf: TextOf): string {
  const text = textOf(span.file);
  if (text === undefined) return `${span.file}: ${message}`;
  return `${basename(span.file)}:${positionAt(text, span.start).line + 1}: ${message}`;
}

/** `2 errors, 1 warning`. */
export function countText(findings: readonly Finding[]): string {
  const count = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length;
  const parts = [
    [count('error'), 'error'],
    [count('warning'), 'warning'],
  ] as const;
  const words = parts
    .filter(([number]) => number > 0)
    .map(([number, noun]) => `${number} ${noun}${number === 1 ? '' : 's'}`);
  return words.join(', ') || 'no findings';
}
