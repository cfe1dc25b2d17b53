// One analysis for each state of an open document, shared by everything that looks at it: diagnostics, actions, hover, lenses.
// Each document keeps what is known of its blocks as long as it is open.
import type { Finding } from '../model/finding.ts';
import { holds, isSameText, type Text } from '../model/text.ts';
import type { Analysis, Surroundings } from '../spec/analyse.ts';
import { followEdits, type EditedJudge, type EditedSpec } from '../spec/analyseEdits.ts';
import type { SpecNode } from '../spec/node.ts';
import { isSameValue } from '../spec/sameValue.ts';
import { findingOf } from '../spec/rules/finding.ts';
import { LARGEST_TEXT, type OpenDocument } from './openDocuments.ts';
import type { SurroundingsSource } from './surroundings.ts';

/** An analysis with what it was made from. */
export interface Judged extends Pick<Analysis, 'findings' | 'root'> {
  readonly text: Text;
  readonly around: Surroundings;
  /** Absent for a text that is too large to be analysed. */
  readonly analysis?: Analysis;
}

export interface DocumentAnalyses {
  /** The analysis of the document as it is now. */
  readonly of: (document: OpenDocument) => Judged;
  /** The same as far as it comes until `isOver`; undefined: call again, it goes on from there. */
  readonly until: (document: OpenDocument, isOver: () => boolean) => Judged | undefined;
  /** What is found already of a document that `until` is not done with, if anything. */
  readonly early: (document: OpenDocument) => Judged | undefined;
  /** The tree of the document's text; undefined where it cannot be read at all. */
  readonly treeOf: (document: OpenDocument) => SpecNode | undefined;
  /** Judges a text of the document against other surroundings, such as those of a plan, in slices. */
  readonly beside: JudgeBeside;
  /** Something beside the texts has changed: of one document, or of all. */
  readonly expire: (uri?: string) => void;
}

export type JudgeBeside = (
  document: OpenDocument,
  text: string,
  around: Surroundings,
  signal?: AbortSignal,
) => Promise<Analysis>;

/** A long analysis beside the diagnostics lets messages through this often, and ends after so many slices in one go. */
const SLICE_MS = 20;
const MOST_SLICES = 400;

interface Known {
  readonly spec: EditedSpec;
  /** Judges for plans. */
  readonly beside: EditedJudge;
  /** What `judged` belongs to: the version of the text and of everything else. */
  state: string;
  judged: Judged | undefined;
}

/** Analyses of the open documents, judged against `surroundings`. */
export function createAnalyses(surroundings: Pick<SurroundingsSource, 'of'>): DocumentAnalyses {
  const states = new WeakMap<OpenDocument, Known>();
  const changes = new Map<string, number>();
  let generation = 0;
  const knownOf = (document: OpenDocument): Known => {
    const last = states.get(document);
    if (last) return last;
    const spec = followEdits();
    const known = { spec, beside: spec.beside(), state: '', judged: undefined };
    states.set(document, known);
    return known;
  };
  const until = (document: OpenDocument, isOver: () => boolean): Judged | undefined => {
    const known = knownOf(document);
    const state = `${document.text.version} ${generation} ${changes.get(document.uri) ?? 0}`;
    if (known.judged && known.state === state) return known.judged;
    known.judged = judge(document, surroundings.of(document), known.spec, isOver);
    known.state = state;
    return known.judged;
  };
  const of = (document: OpenDocument): Judged => {
    for (;;) {
      const judged = until(document, () => false);
      if (judged) return judged;
    }
  };
  const beside: JudgeBeside = async (document, given, around, signal) => {
    const { state } = document.text;
    // The text as it is now is known in pieces.
    const text = isSameText(state, given) ? state : given;
    const last = states.get(document)?.judged;
    if (last && isSameText(last.text, text) && last.analysis && holdsFor(last.analysis, last, around))
      return last.analysis;
    const judge = knownOf(document).beside;
    for (let slices = 0; ; slices += 1) {
      const end = slices < MOST_SLICES ? performance.now() + SLICE_MS : Infinity;
      const analysis = judge.analyseUntil(text, around, () => performance.now() > end);
      if (analysis) return analysis;
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    }
  };
  return {
    of,
    until,
    beside,
    early: (document) => {
      const analysis = knownOf(document).spec.early();
      return analysis && judgedOf(document, surroundings.of(document), analysis);
    },
    treeOf: (document) => {
      const { spec, state, judged } = knownOf(document);
      if (judged && state.startsWith(`${document.text.version} `)) return judged.root;
      const text = document.text.state;
      return text.length > LARGEST_TEXT ? undefined : spec.treeOf(text, document.path);
    },
    expire: (uri) => {
      if (uri === undefined) generation += 1;
      else changes.set(uri, (changes.get(uri) ?? 0) + 1);
    },
  };
}

/** Such texts read other files, which may say something else by now. */
const READS_FILES = /\b(?:extends|env_file|secrets)\b/;

/**
 * True when an analysis is as good for other surroundings: a valid text that hangs on nothing but variables and profiles, which
 * are the same. Whatever else differs only adds findings.
 */
function holdsFor({ valid, pending, findings }: Analysis, judged: Judged, around: Surroundings): boolean {
  const { around: before, text } = judged;
  return (
    valid &&
    pending.length === 0 &&
    before.file === around.file &&
    !findings.some(({ code }) => code === 'R060') &&
    isSameValue(before.variables, around.variables) &&
    isSameValue(before.resourceProfiles ?? new Map(), around.resourceProfiles ?? new Map()) &&
    !around.strictEnv &&
    !holds(text, READS_FILES)
  );
}

function judge(
  document: OpenDocument,
  around: Surroundings,
  spec: EditedSpec,
  isOver: () => boolean,
): Judged | undefined {
  const text = document.text.state;
  if (text.length > LARGEST_TEXT)
    return { text, around, root: undefined, findings: [tooLarge(document.path, text)] };
  const analysis = spec.analyseUntil(text, around, isOver);
  return analysis && judgedOf(document, around, analysis);
}

function judgedOf({ text }: OpenDocument, around: Surroundings, analysis: Analysis): Judged {
  const { root, findings } = analysis;
  return { text: text.state, around, analysis, root, findings };
}

function tooLarge(file: string, text: Text): Finding {
  const size = `${(text.length / 1024 / 1024).toFixed(1)} MB`;
  return findingOf('HX001', { span: { file, start: 0, end: Math.min(1, text.length) }, words: { size } });
}
