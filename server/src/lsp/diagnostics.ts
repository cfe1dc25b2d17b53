// Keystroke -> diagnostics. No debounce: everything that waits in the queue is taken first, then the last state is analysed
// and published with its version. Long analyses pause for other messages, and end when there is a newer text.
import { Emitter, type Diagnostic, type Event } from 'vscode-languageserver';
import type { Finding, Severity, Span } from '../model/finding.ts';
import { applySeverities } from '../spec/lint/severity.ts';
import { pairOf, stringOf, valueOf, type SpecNode } from '../spec/node.ts';
import { servicesOf } from '../spec/rules/ruleBook.ts';
import { maskFindings } from '../spec/maskFindings.ts';
import { diagnosticOf, type Shown } from './diagnosticOf.ts';
import { createAnalyses, type DocumentAnalyses, type Judged } from './documentAnalyses.ts';
import type { OpenDocument } from './openDocuments.ts';
import type { LateFindings } from './lateFindings.ts';
import type { ServerContext } from './serverContext.ts';
import { severityChoices } from './settings.ts';

/** More findings than this in one document help nobody. */
const MOST_FINDINGS = 1000;
const SEVERITIES: readonly Severity[] = ['error', 'warning', 'information', 'hint'];
/** A stream of changes that never pauses is answered at least this often. */
const LONGEST_WAIT_MS = 250;
/** Shorter texts are judged so soon that half an answer only flickers. */
const WAIT_LENGTH = 100_000;
/** A long analysis lets other messages through this often. */
const SLICE_MS = 25;
/** After so many slices an analysis runs to its end. */
const MOST_SLICES = 400;

export interface Published {
  readonly uri: string;
  readonly version: number;
}

/** Publishes the findings of every open spec; `judge` asks for one document again, or for all. */
export interface DiagnosticsService {
  readonly judge: (uri?: string) => void;
  readonly findingsOf: (document: OpenDocument) => readonly Finding[];
  readonly treeOf: DocumentAnalyses['treeOf'];
  readonly judgeBeside: DocumentAnalyses['beside'];
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
  readonly analyses: DocumentAnalyses;
  /** What the client was told last, by document. */
  readonly told: Map<string, Told>;
}

interface Told {
  readonly version: number;
  readonly diagnostics: readonly Diagnostic[];
}

/** Starts publishing for all documents of the context. */
export function startDiagnostics(given: GivenContext): DiagnosticsService {
  const analyses = createAnalyses(given.surroundings);
  const context: DiagnosticsContext = { ...given, analyses, told: new Map() };
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
    for (const uri of uris) publishSoon(uri, Symbol(uri));
  };
  const turns = new Map<string, symbol>();
  /** Goes on until it is published, or until a newer turn of the same document begins. */
  const publishSoon = (uri: string, turn: symbol, slices = 0) => {
    if (slices === 0) turns.set(uri, turn);
    if (turns.get(uri) !== turn) return;
    if (publish(context, uri, published, slices > MOST_SLICES ? Infinity : SLICE_MS)) turns.delete(uri);
    else setImmediate(() => publishSoon(uri, turn, slices + 1));
  };
  const judgeEdit = (uri: string) => {
    changes += 1;
    take(uri);
  };
  const judge = (uri?: string) => {
    analyses.expire(uri);
    changes += 1;
    for (const document of uri === undefined ? context.documents.all() : [uri]) {
      take(typeof document === 'string' ? document : document.uri);
    }
  };

  context.documents.onDidOpen(({ uri }) => judgeEdit(uri));
  context.documents.onDidChange(({ document }) => judgeEdit(document.uri));
  context.documents.onDidClose(({ uri }) => {
    waiting.delete(uri);
    turns.delete(uri);
    context.told.delete(uri);
    void context.connection.sendDiagnostics({ uri, diagnostics: [] });
  });
  context.settings.onDidChange(() => {
    // A client may show findings by settings of its own: it is told again what it may have left out.
    context.told.clear();
    judge();
  });
  return {
    judge,
    findingsOf: (document) => allFindings(context, document, analyses.of(document)),
    treeOf: analyses.treeOf,
    judgeBeside: analyses.beside,
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

/** False when the analysis is not finished yet. */
function publish(
  context: DiagnosticsContext,
  uri: string,
  published: Emitter<Published>,
  sliceMs: number,
): boolean {
  const document = context.documents.get(uri);
  if (!document) return true;
  const version = document.text.version;
  const diagnostics = context.documents.isSpec(uri) ? judgeSafely(context, document, sliceMs) : [];
  if (!diagnostics) {
    tellEarly(context, document);
    return false;
  }
  if (isTold(context.told.get(uri), { version, diagnostics })) return true;
  context.told.set(uri, { version, diagnostics });
  void context.connection.sendDiagnostics({ uri, version, diagnostics });
  published.fire({ uri, version });
  return true;
}

/** Whoever opens a big document sees mistakes in the shape of entries before everything else is judged. */
function tellEarly(context: DiagnosticsContext, document: OpenDocument): void {
  const { uri } = document;
  if (context.told.has(uri) || document.text.length < WAIT_LENGTH) return;
  const { version } = document.text;
  const early = context.analyses.early(document);
  const diagnostics = early ? shown(context, document, early) : [];
  if (diagnostics.length === 0) return;
  context.told.set(uri, { version, diagnostics });
  void context.connection.sendDiagnostics({ uri, version, diagnostics });
}

/** True when the client knows all of this: what documents are judged against changes more often than what is found. */
function isTold(last: Told | undefined, now: Told): boolean {
  return (
    last?.version === now.version && JSON.stringify(last.diagnostics) === JSON.stringify(now.diagnostics)
  );
}

/** A bug in the analysis must not end the server; it is logged, and the document shows nothing. */
function judgeSafely(
  context: DiagnosticsContext,
  document: OpenDocument,
  sliceMs: number,
): Diagnostic[] | undefined {
  try {
    const end = performance.now() + sliceMs;
    const judged = context.analyses.until(document, () => performance.now() > end);
    if (!judged) return undefined;
    const { text, around, analysis } = judged;
    if (analysis) context.late.judged({ document, text, around, analysis });
    return shown(context, document, judged);
  } catch (error) {
    context.log.error(
      `analysis of ${document.uri}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    return [];
  }
}

function shown(context: DiagnosticsContext, document: OpenDocument, judged: Judged): Diagnostic[] {
  const { analysis, root } = judged;
  const place: Shown = {
    uri: document.uri,
    path: document.path,
    text: document.text,
    standIn: (file) => standIn(root, file),
    ...(context.options.docs === undefined ? {} : { docs: context.options.docs }),
  };
  const findings = allFindings(context, document, judged);
  const left = applySeverities(findings, severityChoices(context.settings.known()));
  const masked = maskFindings(gravest(left), analysis?.values?.secretValues);
  return masked.map((finding) => diagnosticOf(finding, place));
}

/** As many as help, in their order: none is left out for one that matters less. */
function gravest(findings: readonly Finding[]): readonly Finding[] {
  if (findings.length <= MOST_FINDINGS) return findings;
  const ordered = SEVERITIES.flatMap((severity) => findings.filter((one) => one.severity === severity));
  const taken = new Set(ordered.slice(0, MOST_FINDINGS));
  return findings.filter((finding) => taken.has(finding));
}

/** With what was found beside the text; a text that is too large has only its one note. */
function allFindings(
  { surroundings, late }: DiagnosticsContext,
  document: OpenDocument,
  { findings, analysis }: Judged,
): readonly Finding[] {
  if (!analysis) return findings;
  const besides = [...surroundings.problemsOf(document), ...late.of(document)];
  return besides.length === 0 ? findings : mergeByPlace(findings, besides, document.path);
}

/** In the order of the text; those of other files last. */
function mergeByPlace(findings: readonly Finding[], more: readonly Finding[], file: string): Finding[] {
  const rank = ({ span }: Finding) => (span.file === file ? span.start : Infinity);
  return [...findings, ...more].toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
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
