// Findings that take a look beside the text: at directories, at shells. They come after those of the text, once typing pauses,
// and stay at their places while one types on. Never on the way of a keystroke: no source is awaited by anything.
import type { Log } from '../core/ports.ts';
import type { Finding } from '../model/finding.ts';
import type { Text } from '../model/text.ts';
import type { Analysis, Surroundings } from '../spec/analyse.ts';
import { applySuppressions } from '../spec/lint/suppress.ts';
import { moveFindings } from './movedFindings.ts';
import type { OpenDocument, OpenDocuments } from './openDocuments.ts';
import { pauseFor } from './pauseFor.ts';

/** A document as it was judged last. */
export interface JudgedDocument {
  readonly document: OpenDocument;
  readonly text: Text;
  readonly around: Surroundings;
  readonly analysis: Pick<Analysis, 'root' | 'resolved'>;
}

export interface LateSource {
  readonly name: string;
  /** Codes that it judges. */
  readonly codes: readonly string[];
  /** What it finds now; may keep results of its own. `signal` ends when the answer is not wanted any more. */
  readonly look: (judged: JudgedDocument, signal: AbortSignal) => Promise<readonly Finding[]>;
}

export interface LateFindings {
  /** What is known of the document as it is now. */
  readonly of: (document: OpenDocument) => readonly Finding[];
  /** The findings of its text were made: look at what it names, once typing pauses. */
  readonly judged: (judged: JudgedDocument) => void;
  readonly dispose: () => void;
}

export interface LateSetup {
  readonly documents: OpenDocuments;
  readonly sources: readonly LateSource[];
  /** Called when the findings of a document have changed. */
  readonly onFound: (uri: string) => void;
  readonly log: Log;
}

/** Typing that rests this long is a pause. */
const PAUSE_MS = 300;

interface State {
  readonly findings: Map<LateSource, readonly Finding[]>;
  timer: NodeJS.Timeout | undefined;
  stop: AbortController | undefined;
}

/** Starts looking for the documents that it is told of. */
export function startLateFindings(setup: LateSetup): LateFindings {
  const states = new Map<string, State>();
  const stateOf = (uri: string): State => {
    const state = states.get(uri) ?? { findings: new Map(), timer: undefined, stop: undefined };
    states.set(uri, state);
    return state;
  };
  const forget = (uri: string) => {
    const state = states.get(uri);
    if (state) halt(state);
    states.delete(uri);
  };
  setup.documents.onDidClose(({ uri }) => forget(uri));
  setup.documents.onDidChange(({ document: { uri, path }, edits }) => {
    const state = states.get(uri);
    if (!state) return;
    halt(state);
    for (const [source, findings] of state.findings)
      state.findings.set(source, edits ? moveFindings(findings, edits, path) : []);
  });
  return {
    of: ({ uri }) => [...(states.get(uri)?.findings.values() ?? [])].flat(),
    judged: (judged) => {
      const state = stateOf(judged.document.uri);
      halt(state);
      state.timer = setTimeout(() => lookNow(judged, state, setup), pauseFor(judged.text, PAUSE_MS));
      state.timer.unref();
    },
    dispose: () => {
      for (const uri of [...states.keys()]) forget(uri);
    },
  };
}

function halt(state: State): void {
  clearTimeout(state.timer);
  state.stop?.abort();
  state.stop = undefined;
}

function lookNow(judged: JudgedDocument, state: State, setup: LateSetup): void {
  const stop = new AbortController();
  state.stop = stop;
  for (const source of setup.sources) void lookWith(source, judged, state, stop.signal, setup);
}

async function lookWith(
  source: LateSource,
  judged: JudgedDocument,
  state: State,
  signal: AbortSignal,
  { onFound, log }: LateSetup,
): Promise<void> {
  try {
    const found = await source.look(judged, signal);
    if (signal.aborted) return;
    const { text, document, analysis } = judged;
    const isJudged = (code: string) => source.codes.includes(code);
    const left = applySuppressions(text.toString(), document.path, analysis.root, found, isJudged);
    const before = state.findings.get(source) ?? [];
    state.findings.set(source, left);
    if (JSON.stringify(before) !== JSON.stringify(left)) onFound(document.uri);
  } catch (error) {
    // What cannot be looked at is not known: nothing is said, and the next pause asks again.
    if (!signal.aborted)
      log.debug(`${source.name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
