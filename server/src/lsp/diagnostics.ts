// Keystroke -> diagnostics. No debounce: everything that waits in the queue is taken first, then the last state is analysed
// and published with its version.
import { Emitter, type Diagnostic, type Event } from 'vscode-languageserver';
import type { Finding } from '../model/finding.ts';
import { analyse } from '../spec/analyse.ts';
import { findingOf } from '../spec/rules/finding.ts';
import { diagnosticOf, type Shown } from './diagnosticOf.ts';
import { LARGEST_TEXT, type OpenDocument } from './openDocuments.ts';
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
  readonly onDidPublish: Event<Published>;
}

type DiagnosticsContext = Pick<ServerContext, 'connection' | 'documents' | 'settings' | 'options' | 'log'>;

/** Starts publishing for all documents of the context. */
export function startDiagnostics(context: DiagnosticsContext): DiagnosticsService {
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
  return { judge, onDidPublish: published.event };
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
    const shown: Shown = {
      uri: document.uri,
      path: document.path,
      text: document.text,
      ...(context.options.docs === undefined ? {} : { docs: context.options.docs }),
    };
    const findings = withSeverities(context, findingsOf(document));
    return findings.slice(0, MOST_FINDINGS).map((finding) => diagnosticOf(finding, shown));
  } catch (error) {
    context.log.error(
      `analysis of ${document.uri}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    return [];
  }
}

function findingsOf(document: OpenDocument): readonly Finding[] {
  const text = document.text.getText();
  return text.length > LARGEST_TEXT
    ? [tooLarge(document.path, text)]
    : analyse({ text, file: document.path }).findings;
}

function tooLarge(file: string, text: string): Finding {
  const size = `${(text.length / 1024 / 1024).toFixed(1)} MB`;
  return findingOf('HX001', { span: { file, start: 0, end: Math.min(1, text.length) }, words: { size } });
}

function withSeverities(context: DiagnosticsContext, findings: readonly Finding[]): readonly Finding[] {
  const chosen = severityChoices(context.settings.known());
  if (chosen.size === 0) return findings;
  return findings.flatMap((finding) => {
    const severity = /^R\d/.test(finding.code) ? undefined : chosen.get(finding.code);
    if (severity === 'off') return [];
    return severity === undefined ? [finding] : [{ ...finding, severity }];
  });
}
