// The connection to the language server: one Node child over standard streams, on which the server hands on what its workers wrote
// without reading it. Loaded only when a spec or the cache view asks for it,
// and the only file that imports vscode-languageclient for more than types: it becomes a bundle of its own (esbuild.mjs).
import * as vscode from 'vscode';
import { LanguageClient, type Middleware, TransportKind } from 'vscode-languageclient/node';
import { SUGGEST_AGAIN, type InitializationOptions } from '../../server/src/model/protocol.ts';

export { ProgressType } from 'vscode-languageclient/node';

const RESTARTS = 4;

/** Makes the client, not started yet. Sends the server what it cannot know: trust, and how documentation is opened. */
export function createLanguageClient(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
): LanguageClient {
  const languages = ['yaml', 'dockercompose'];
  const schemes = ['file', 'untitled'];
  return new LanguageClient(
    'hpcCompose',
    'HPC Compose',
    { module: context.asAbsolutePath('dist/server.js'), transport: TransportKind.stdio },
    {
      documentSelector: schemes.flatMap((scheme) => languages.map((language) => ({ scheme, language }))),
      outputChannel: log,
      traceOutputChannel: log,
      initializationOptions: () => initializationOptions(context),
      connectionOptions: { maxRestartCount: RESTARTS },
      diagnosticCollectionName: 'hpc-compose',
      middleware: silentWhereDisabled(),
    },
  );
}

/** `hpcCompose.enabled: false` silences the files of a folder; the server need not know. */
function silentWhereDisabled(): Middleware {
  const isOn = (uri: vscode.Uri) =>
    vscode.workspace.getConfiguration('hpcCompose', uri).get('enabled') !== false;
  return {
    handleDiagnostics: (uri, diagnostics, next) => next(uri, isOn(uri) ? diagnostics : []),
    provideHover: (document, position, token, next) =>
      isOn(document.uri) ? next(document, position, token) : undefined,
    provideCompletionItem: async (document, position, context, token, next) =>
      isOn(document.uri) ? suggestAgain(await next(document, position, context, token)) : undefined,
    provideCodeActions: (document, range, context, token, next) =>
      isOn(document.uri) ? next(document, range, context, token) : undefined,
    provideDefinition: (document, position, token, next) =>
      isOn(document.uri) ? next(document, position, token) : undefined,
    provideDocumentHighlights: (document, position, token, next) =>
      isOn(document.uri) ? next(document, position, token) : undefined,
    provideCodeLenses: (document, token, next) => (isOn(document.uri) ? next(document, token) : undefined),
  };
}

type Suggestions = vscode.CompletionItem[] | vscode.CompletionList | null | undefined;

/** Opens the next list of suggestions behind a key that has one. */
function suggestAgain(suggestions: Suggestions): Suggestions {
  for (const item of Array.isArray(suggestions) ? suggestions : (suggestions?.items ?? [])) {
    if ((item as { data?: unknown }).data === SUGGEST_AGAIN)
      item.command = { title: '', command: 'editor.action.triggerSuggest' };
  }
  return suggestions;
}

function initializationOptions(context: vscode.ExtensionContext): InitializationOptions {
  return {
    detect: 'content',
    docs: `${vscode.env.uriScheme}://${context.extension.id}/rules/{code}`,
    serverCommands: false,
    trusted: vscode.workspace.isTrusted,
  };
}
