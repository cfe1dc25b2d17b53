// Text of one YAML file -> located tree and the findings of the YAML level (R004-R007, spec contract section 1). Never throws.
// Spans are UTF-16 offsets into the text as given, byte order mark and CRLF included.
import type { Document } from 'yaml';
import type { Finding, Span } from '../model/finding.ts';
import { isNull, type SpecNode } from './node.ts';
import { findingOf } from './rules/finding.ts';
import { brokenStart } from './yaml/brokenStart.ts';
import {
  composeDocuments,
  DEPTH_LIMIT,
  errorsOf,
  LONGEST_LINE,
  type ComposedText,
} from './yaml/composeDocuments.ts';
import { directiveProblem } from './yaml/directives.ts';
import { isOpenBracket } from './yaml/explainSyntax.ts';
import { readPlain } from './yaml/readPlain.ts';
import { isCutShort } from './yaml/looseIndent.ts';
import { syntaxFindings } from './yaml/syntaxFindings.ts';
import { toNodes, type Anchored } from './yaml/toNodes.ts';

export interface ParsedYaml {
  /** The first document's tree, also when it is no mapping; best effort after syntax errors; undefined when nothing can be read. */
  readonly root: SpecNode | undefined;
  readonly findings: readonly Finding[];
  /** True after a syntax error: parts of the tree are guesses. */
  readonly damaged: boolean;
}

/** One text as parts, so that a part of a file can be read and its place in the whole be found later. */
export interface ReadText {
  readonly root: SpecNode | undefined;
  /** Syntax errors of the text. */
  readonly syntax: readonly Finding[];
  /** The same where another text with a syntax error stands before it. */
  readonly laterSyntax: readonly Finding[];
  /** What is wrong with nodes: R004 of aliases, tags and depth, R006. */
  readonly findings: readonly Finding[];
  /** What is wrong with the file as a whole; nothing else was read where it cannot be parsed at all. */
  readonly whole: readonly Finding[];
  readonly anchors: ReadonlyMap<string, Anchored>;
  /** Names of aliases whose anchors are not in this text. */
  readonly unknown: ReadonlySet<string>;
  /** Nodes once all aliases are followed; 0 where there are none. */
  readonly expanded: number;
  /** How far the text was looked at for the end of a bracket that is not closed; 0 without such brackets. */
  readonly bracketsTo: number;
  /** True when a bracket or quote ended too early. */
  readonly isCutShort: boolean;
  /** True when this would read otherwise behind another text with a syntax error. */
  readonly isMoved: boolean;
}

/** Characters that hpc-compose's YAML reader refuses anywhere in a file; lone surrogates cannot be written as UTF-8 at all. */
const FORBIDDEN =
  /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]|(?<=[\n\r\x85\u2028\u2029])\ufeff|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

const ODD_BREAK = /\r(?!\n)|[\x85\u2028\u2029]/;

/** The tree of a file and its YAML-level findings. `file` goes into every span. */
export function parseYaml(text: string, file: string): ParsedYaml {
  const { root, syntax, findings, whole } = readYaml(text, file);
  const all = [...syntax, ...findings, ...whole];
  return { root, findings: all, damaged: all.some(isDamage) };
}

/** True for syntax errors: nothing else can be said about a text with one. */
export function isDamage({ code }: Finding): boolean {
  return code === 'R004';
}

/** The parts of what `parseYaml` gives. `known` are anchors of the text before this one. */
export function readYaml(text: string, file: string, known?: ReadonlyMap<string, Anchored>): ReadText {
  const control = FORBIDDEN.exec(text);
  if (control) return failed(controlCharacter(control, file));
  const root = readPlain(text, file);
  return root ? { ...NOTHING_FOUND, root } : readUnusual(text, file, known);
}

const NOTHING_FOUND: Omit<ReadText, 'root'> = {
  syntax: [],
  laterSyntax: [],
  findings: [],
  whole: [],
  anchors: new Map(),
  unknown: new Set(),
  expanded: 0,
  bracketsTo: 0,
  isCutShort: false,
  isMoved: false,
};

/** readYaml by the library, for texts without forbidden characters; exported so that a test can compare the two. */
export function readUnusual(text: string, file: string, known?: ReadonlyMap<string, Anchored>): ReadText {
  const unified = unifyBreaks(text);
  const composed = brokenStart(unified) ?? composeDocuments(unified);
  if (composed.tooDeepAt !== undefined) return failed(tooDeep(composed.tooDeepAt, file, text));
  if (composed.tooLongAt !== undefined) return failed(tooLong(composed.tooLongAt, file, unified));
  const first = composed.documents[0];
  if (!first) return failed(notAMapping({ file, start: 0, end: 0 }, 'nothing'));
  return readDocument(first, composed, text, file, known);
}

function readDocument(
  first: Document.Parsed,
  composed: ComposedText,
  text: string,
  file: string,
  known: ReadonlyMap<string, Anchored> | undefined,
): ReadText {
  const { root, findings, anchors, unknown, jumps, size } = toNodes(first, text, file, known);
  const syntax = [...directiveFinding(text, file), ...syntaxFindings(composed, text, file, false)];
  const laterSyntax = syntax.length === 0 ? syntax : syntaxFindings(composed, text, file, true);
  const whole = [...secondDocument(composed.documents, text, file), ...byteOrderMark(root, text, file)];
  if (syntax.length + findings.length + whole.length === 0 && root?.kind !== 'map')
    whole.push(notAMapping(headOf(root, text, file), kindOf(root)));
  return {
    root, syntax, laterSyntax, findings, whole, anchors, unknown, expanded: jumps === 0 ? 0 : size,
    bracketsTo: openBracketsTo(composed), isCutShort: errorsOf(composed).some(isCutShort), isMoved: composed.isMoved === true,
  }; // prettier-ignore
}

function openBracketsTo(composed: ComposedText): number {
  return errorsOf(composed)
    .filter(isOpenBracket)
    .reduce((end, { pos }) => Math.max(end, pos[0]), 0);
}

function directiveFinding(text: string, file: string): Finding[] {
  const problem = directiveProblem(text);
  if (!problem) return [];
  const { start, end, cause, advice } = problem;
  return [findingOf('R004', { span: { file, start, end }, words: { cause }, advice })];
}

function failed(finding: Finding): ReadText {
  return { ...NOTHING_FOUND, root: undefined, whole: [finding] };
}

/** Lone carriage returns and Unicode line ends break lines for hpc-compose's parser; same length, so that offsets stay. */
function unifyBreaks(text: string): string {
  return ODD_BREAK.test(text) ? text.replace(new RegExp(ODD_BREAK, 'g'), '\n') : text;
}

function controlCharacter(match: RegExpExecArray, file: string): Finding {
  const code = match[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  const span = { file, start: match.index, end: match.index + 1 };
  return syntaxError(
    `the character U+${code} is not allowed in YAML; remove it or write it as an escape`,
    span,
  );
}

function tooDeep(offset: number, file: string, text: string): Finding {
  const span = { file, start: offset, end: Math.min(offset + 1, text.length) };
  return syntaxError(`nesting is deeper than ${DEPTH_LIMIT} levels (recursion limit exceeded)`, span);
}

/** At the head of the line. */
function tooLong(offset: number, file: string, text: string): Finding {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const [word = ''] = /^\s*\S{1,60}/.exec(text.slice(start, start + 200)) ?? [];
  const span = { file, start: start + word.search(/\S|$/), end: start + word.length };
  return findingOf('HX001', { span, variant: 'line', words: { count: LONGEST_LINE } });
}

function syntaxError(message: string, span: Span): Finding {
  return findingOf('R004', { span, words: { cause: message } });
}

function notAMapping(span: Span, got: string): Finding {
  return findingOf('R007', { span, words: { got } });
}

function kindOf(root: SpecNode | undefined): string {
  if (root?.kind === 'seq') return 'a list';
  return isNull(root) ? 'nothing' : 'a single value';
}

/** The first line of a node: a finding about a whole document is shown at its head. */
function headOf(root: SpecNode | undefined, text: string, file: string): Span {
  if (!root) return { file, start: 0, end: 0 };
  const line = text.slice(root.span.start, root.span.end).search(/[\r\n]/);
  return line < 0 ? root.span : { ...root.span, end: root.span.start + line };
}

function secondDocument(documents: readonly Document.Parsed[], text: string, file: string): Finding[] {
  const second = documents[1];
  if (!second) return [];
  const previousEnd = documents[0]?.range[1] ?? 0;
  const marker = text.slice(previousEnd, second.range[1] + 3).search(/^---|^[^\s#.%]/m);
  const start = marker < 0 ? second.range[0] : previousEnd + marker;
  const end = Math.min(start + (text.startsWith('---', start) ? 3 : 1), text.length);
  return [findingOf('R005', { span: { file, start, end } })];
}

/**
 * hpc-compose's parser counts a byte order mark as a column: the first key is then indented deeper than the next one, which
 * starts another document; a marker or directive behind it is not recognised at all.
 */
function byteOrderMark(root: SpecNode | undefined, text: string, file: string): Finding[] {
  if (!text.startsWith('\ufeff')) return [];
  const span = { file, start: 0, end: 1 };
  const advice = 'Save the file as UTF-8 without byte order mark.';
  if (/^.(---|%)/.test(text)) {
    return [
      { ...syntaxError('a document marker cannot follow a byte order mark', span), recommendation: advice },
    ];
  }
  if (root?.kind !== 'map' || root.pairs.length < 2 || root.span.start !== 1 || text[1] === '{') return [];
  const message = 'The byte order mark makes hpc-compose read all but the first key as a second document.';
  return [{ ...findingOf('R005', { span, advice }), message }];
}
