// Comments that silence findings: `# hpc-compose: ignore[CODE, CODE] reason` at the end of the line of a finding or on the line
// above it, `# hpc-compose: ignore-file[CODE] reason` before the first key. Rules that decide the verdict cannot be silenced.
import type { Finding } from '../../model/finding.ts';
import { linesOf, type TextLines } from '../../model/textLines.ts';
import type { SpecNode } from '../node.ts';
import { ruleOf } from '../rules/catalogue.ts';
import { findingOf } from '../rules/finding.ts';
import { LATER_STAGE } from '../rules/rule.ts';

interface Suppression {
  readonly codes: readonly { readonly code: string; readonly start: number; readonly end: number }[];
  /** Lines that it covers, from 0; undefined: the whole file. */
  readonly lines: readonly [first: number, last: number] | undefined;
}

/** A text without it has no such comment. */
export const COMMENT_MARK = 'hpc-compose:';

const COMMENT = /(^|[ \t])# *hpc-compose: *(ignore|ignore-file)\[([^\]\n]*)\]/gm;

/** True for rules that the text alone decides: findings of the others may come later. */
function isDecidedByText(code: string): boolean {
  return ruleOf(code)?.stage !== LATER_STAGE;
}

/**
 * The findings of one file that its comments leave, and hints about comments without effect (HX038), as far as `isJudged` says
 * that a rule was tried at all.
 */
export function applySuppressions(
  text: string,
  file: string,
  root: SpecNode | undefined,
  findings: readonly Finding[],
  isJudged: (code: string) => boolean = isDecidedByText,
): Finding[] {
  if (!text.includes(COMMENT_MARK)) return [...findings];
  const suppressions = readSuppressions(text, root);
  if (suppressions.length === 0) return [...findings];
  const lines = linesOf(text);
  const used = new Set<Suppression['codes'][number]>();
  const left = findings.filter((finding) => {
    if (/^R\d/.test(finding.code) || finding.span.file !== file) return true;
    const line = lines.lineOf(finding.span.start);
    const matching = suppressions.flatMap((suppression) =>
      covers(suppression, line) ? suppression.codes.filter(({ code }) => code === finding.code) : [],
    );
    for (const match of matching) used.add(match);
    return matching.length === 0;
  });
  const hints = useless(suppressions, used, isJudged, file);
  return [...left, ...hints];
}

function covers({ lines }: Suppression, line: number): boolean {
  return lines === undefined || (line >= lines[0] && line <= lines[1]);
}

function useless(
  suppressions: readonly Suppression[],
  used: ReadonlySet<Suppression['codes'][number]>,
  isJudged: (code: string) => boolean,
  file: string,
): Finding[] {
  return suppressions
    .flatMap(({ codes }) => codes)
    .filter((entry) => !used.has(entry) && isJudged(entry.code))
    .map(({ code, start, end }) => {
      const variant = /^R\d/.test(code) && ruleOf(code) ? 'rule' : 'main';
      return findingOf('HX038', { span: { file, start, end }, variant, words: { code } });
    });
}

function readSuppressions(text: string, root: SpecNode | undefined): Suppression[] {
  const lines = linesOf(text);
  const firstKey = root?.kind === 'map' ? (root.pairs[0]?.key.span.start ?? 0) : 0;
  const found: Suppression[] = [];
  for (const match of text.matchAll(COMMENT)) {
    const hash = match.index + (match[1] ?? '').length;
    if (root && isInsideScalar(root, hash)) continue;
    const listStart = text.indexOf('[', hash) + 1;
    const codes = codesOf(match[3] ?? '', listStart);
    const line = lines.lineOf(hash);
    const isAlone = text.slice(lines.startOf(line), hash).trim() === '';
    if (match[2] === 'ignore-file') {
      if (hash < firstKey) found.push({ codes, lines: undefined });
    } else found.push({ codes, lines: [line, isAlone ? nextContent(text, lines, line) : line] });
  }
  return found;
}

function codesOf(list: string, start: number): Suppression['codes'] {
  return [...list.matchAll(/[A-Za-z0-9-]+/g)].map((match) => ({
    code: match[0],
    start: start + match.index,
    end: start + match.index + match[0].length,
  }));
}

/** True when the place lies inside a scalar's text: there `#` starts no comment. */
function isInsideScalar(root: SpecNode, at: number): boolean {
  const todo: SpecNode[] = [root];
  for (let node = todo.pop(); node !== undefined; node = todo.pop()) {
    if (node.kind === 'scalar') {
      // A block scalar's span starts at its header, where a comment may stand.
      if (node.span.start < at && at < node.span.end && !isHeader(node, at)) return true;
    } else if (node.kind === 'seq') for (const item of node.items) todo.push(item);
    else for (const { key, value } of node.pairs) todo.push(key, value);
  }
  return false;
}

function isHeader(node: SpecNode, at: number): boolean {
  const isBlock = node.kind === 'scalar' && (node.style === 'literal' || node.style === 'folded');
  return isBlock && at - node.span.start < 3;
}

/** The next line that holds more than a comment: comments may be stacked. */
function nextContent(text: string, { count, startOf }: TextLines, line: number): number {
  for (let next = line + 1; next < count; next++) {
    const content = text.slice(startOf(next), startOf(next + 1)).trim();
    if (!content.startsWith('#')) return next;
  }
  return line;
}
