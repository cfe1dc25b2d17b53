// The extension's door. Activation only listens: the language server and its client are loaded by the first spec,
// by the cache view when it becomes visible, or by a command.
import * as vscode from 'vscode';
import type { App } from './app.ts';
import { createRequest } from './cacheClient.ts';
import { createCacheStates } from './cacheStates.ts';
import { registerCacheDir } from './commands/cacheDir.ts';
import { registerChecks } from './commands/checks.ts';
import { registerDocuments } from './commands/documents.ts';
import { registerEntries } from './commands/entries.ts';
import { registerGeneral } from './commands/general.ts';
import { registerInspect } from './commands/inspect.ts';
import { registerOrder } from './commands/order.ts';
import { registerPrepare } from './commands/prepare.ts';
import { registerPrune } from './commands/prune.ts';
import { registerSetup } from './commands/setup.ts';
import { handleDocsLinks } from './docsLinks.ts';
import { registerRendezvous } from './features/rendezvousView.ts';
import { registerRootfs } from './features/rootfsView.ts';
import { registerYamlSibling } from './features/yamlSibling.ts';
import { createOperations } from './operation.ts';
import { createTaskRuns } from './taskRuns.ts';
import { createServer } from './server.ts';
import { followSpecDocuments } from './specDocuments.ts';
import { showLanguageStatus } from './ui/languageStatus.ts';
import { showStatusBar } from './ui/statusBar.ts';
import { createCacheView } from './views/cacheView.ts';
import { createInspectDocuments } from './views/inspectDocuments.ts';

/** Called by VS Code when a YAML document opens, the view is shown or a command is run. */
export function activate(context: vscode.ExtensionContext): void {
  const app = createApp(context);
  context.subscriptions.push(
    registerPrepare(app),
    registerInspect(app),
    registerPrune(app),
    registerEntries(app),
    registerOrder(app),
    registerCacheDir(app),
    registerSetup(app),
    registerChecks(app),
    registerDocuments(app),
    registerGeneral(app),
    registerRootfs(app),
    registerRendezvous(app),
    registerYamlSibling(app),
    handleDocsLinks(context),
    markSafeCache(app),
    showLanguageStatus(app),
    showStatusBar(app.documents, app.states, app.operations),
  );
}

/** Ticks the walkthrough's step once the current spec has a known cache directory that no finding calls unsafe. */
function markSafeCache({ documents, states }: App): vscode.Disposable {
  return states.onDidChange(() => {
    const uri = documents.current();
    if (!uri || states.directories().length === 0) return;
    const codes = vscode.languages
      .getDiagnostics(uri)
      .map(({ code }) => (typeof code === 'object' ? code.value : code));
    if (!codes.includes('HPC004'))
      void vscode.commands.executeCommand('setContext', 'hpcCompose:cacheSafe', true);
  });
}

function createApp(context: vscode.ExtensionContext): App {
  const log = vscode.window.createOutputChannel('HPC Compose', { log: true });
  const server = createServer(context, log);
  const startServer = () => {
    server
      .client()
      .catch((error: unknown) => log.error(`The language server did not start: ${String(error)}`));
  };
  const documents = followSpecDocuments(context.workspaceState, startServer);
  const request = createRequest(server);
  const operations = createOperations();
  const states = createCacheStates(server, request, documents, log);
  const view = createCacheView(states);
  const pages = createInspectDocuments();
  const look = () => {
    if (server.isStarted()) void states.refresh();
  };
  const follow = documents.onDidChange(look);
  // A spec that was open already has started the server before anyone listened.
  look();
  context.subscriptions.push(log, server, documents, operations, states, view, pages, follow);
  return {
    context,
    log,
    server,
    request,
    documents,
    operations,
    tasks: createTaskRuns(),
    states,
    view,
    pages,
  };
}
