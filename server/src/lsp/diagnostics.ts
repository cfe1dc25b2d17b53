// Keystroke -> diagnostics. No debounce: everything that waits in the queue is taken first, then the last state is analysed
// and published with its version.
import { Emitter, type Diagnostic, type Event } from 'vscode-languageserver';
import type { Finding, Span } from '../model/finding.ts';
import type { Analysis } from '../spec/analyse.ts';
import { followEdits, type EditedSpec } from '../spec/analyseEdits.ts';
import { applySeverities } from '../spec/lint/severity.ts';
import { pairOf, stringOf, valueOf, type SpecNode } from '../spec/node.ts';
import { findingOf } from '../spec/rules/finding.ts';
import { servicesOf } from '../spec/rules/ruleBook.ts';
import { diagnosticOf, type Shown } from './diagnosticOf.ts';
import { LARGEST_TEXT, type OpenDocument } from './openDocuments.ts';
import type { LateFindings } from './lateFindings.ts';
import type { ServerContext } from './serverContext.ts';
import { severityChoices } from './settings.ts';

/** More findings than this in one document help nobody. */
const MOST_FINDINGS = 1000;
/** A stream of changes that never pauses is answered at least this often. */
const LONGEST_WAIT_MS = 250;

export interface Published {
  readonly uri: string;
  readonly version: number;
}

/** Publishes the findings of every open spec; `judge` asks for one document again, or for all. */
export interface DiagnosticsService {
  readonly judge: (uri?: string) => void;
  readonly findingsOf: (document: OpenDocument) => readonly Finding[];
  readonly onDidPublish: Event<Published>;
}

interface GivenContext extends Pick<
  ServerContext,
  'connection' | 'documents' | 'settings' | 'options' | 'log' | 'surroundings'
> {
  /** Findings that need a look beside the text. */
  readonly late: LateFindings;
}

interface DiagnosticsContext extends GivenContext {
  /** Judges the document's next state; each open document has its own, which ends with it. */
  readonly specOf: (document: OpenDocument) => EditedSpec;
}

/** Starts publishing for all documents of the context. */
export function startDiagnostics(given: GivenContext): DiagnosticsService {
  const specs = new WeakMap<OpenDocument, EditedSpec>();
  const specOf = (document: OpenDocument) => {
    const spec = specs.get(document) ?? followEdits();
    specs.set(document, spec);
    return spec;
  };
  const context: DiagnosticsContext = { ...given, specOf };
  const published = new Emitter<Published>();
  const waiting = new Map<string, number>();
  let armed = false;

  const take = (uri: string) => {
    waiting.set(uri, waiting.get(uri) ?? Date.now());
    if (armed) return;
    armed = true;
    afterQueue(() => [...waiting.values()].some((since) => Date.now() - since > LONGEST_WAIT_MS), taken, run);
  };
  let changes = 0;
  const taken = () => changes;
  const run = () => {
    armed = false;
    const uris = [...waiting.keys()];
    waiting.clear();
    for (const uri of uris) publish(context, uri, published);
  };
  const judge = (uri?: string) => {
    changes += 1;
    for (const document of uri === undefined ? context.documents.all() : [uri]) {
      take(typeof document === 'string' ? document : document.uri);
    }
  };

  context.documents.onDidOpen(({ uri }) => judge(uri));
  context.documents.onDidChange(({ document }) => judge(document.uri));
  context.documents.onDidClose(({ uri }) => {
    waiting.delete(uri);
    void context.connection.sendDiagnostics({ uri, diagnostics: [] });
  });
  context.settings.onDidChange(() => judge());
  return {
    judge,
    findingsOf: (document) => findingsOf(context, document).findings,
    onDidPublish: published.event,
  };
}

/**
 * Runs `then` once no message came in for two turns of the event loop: the protocol library handles one waiting message a
 * turn, so a burst is taken whole.
 */
function afterQueue(isLate: () => boolean, count: () => number, then: () => void): void {
  const seen = count();
  setImmediate(() => {
    setImmediate(() => {
      if (count() === seen || isLate()) then();
      else afterQueue(isLate, count, then);
    });
  });
}

function publish(context: DiagnosticsContext, uri: string, published: Emitter<Published>): void {
  const document = context.documents.get(uri);
  if (!document) return;
  const version = document.text.version;
  const diagnostics = context.documents.isSpec(uri) ? judgeSafely(context, document) : [];
  void context.connection.sendDiagnostics({ uri, version, diagnostics });
  published.fire({ uri, version });
}

/** A bug in the analysis must not end the server; it is logged, and the document shows nothing. */
function judgeSafely(context: DiagnosticsContext, document: OpenDocument): Diagnostic[] {
  try {
    const { findings, root } = findingsOf(context, document, context.late.judged);
    const shown: Shown = {
      uri: document.uri,
      path: document.path,
      text: document.text,
      standIn: (file) => standIn(root, file),
      ...(context.options.docs === undefined ? {} : { docs: context.options.docs }),
    };
    const left = applySeverities(findings, severityChoices(context.settings.known()));
    return left.slice(0, MOST_FINDINGS).map((finding) => diagnosticOf(finding, shown));
  } catch (error) {
    context.log.error(
      `analysis of ${document.uri}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    return [];
  }
}

function findingsOf(
  { surroundings, specOf, late }: DiagnosticsContext,
  document: OpenDocument,
  judged?: LateFindings['judged'],
): Pick<Analysis, 'findings' | 'root'> {
  const text = document.text.getText();
  if (text.length > LARGEST_TEXT) return { findings: [tooLarge(document.path, text)], root: undefined };
  const around = surroundings.of(document);
  const analysis = specOf(document).analyse(text, around);
  judged?.({ document, text, around, analysis });
  const besides = [...surroundings.problemsOf(document), ...late.of(document)];
  if (besides.length === 0) return analysis;
  return { root: analysis.root, findings: mergeByPlace(analysis.findings, besides, document.path) };
}

/** In the order of the text; those of other files last. */
function mergeByPlace(findings: readonly Finding[], more: readonly Finding[], file: string): Finding[] {
  const rank = ({ span }: Finding) => (span.file === file ? span.start : Infinity);
  return [...findings, ...more].toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
}

function tooLarge(file: string, text: string): Finding {
  const size = `${(text.length / 1024 / 1024).toFixed(1)} MB`;
  return findingOf('HX001', { span: { file, start: 0, end: Math.min(1, text.length) }, words: { size } });
}

/** The span that stands for another file: the `extends` that names it, else the first key. */
function standIn(root: SpecNode | undefined, file: string): Span | undefined {
  if (root?.kind !== 'map') return undefined;
  const name = file.slice(file.lastIndexOf('/') + 1);
  const own = pairOf(root, 'extends');
  const services = servicesOf(root).map(({ value }) => pairOf(value, 'extends'));
  const via = [own, ...services].find((pair) => {
    const target = stringOf(pair?.value) ?? stringOf(valueOf(pair?.value, 'file'));
    return target?.endsWith(name) === true;
  });
  return via ? (stringOf(via.value) === undefined ? via.key.span : via.value.span) : root.pairs[0]?.key.span;
}
