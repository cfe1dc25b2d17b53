// Wires one connection: initialize, documents, settings, diagnostics, features. Knows nothing of what features do.
import {
  DidChangeConfigurationNotification,
  TextDocumentSyncKind,
  type Connection,
  type InitializeParams,
  type InitializeResult,
  type ServerCapabilities,
} from 'vscode-languageserver';
import { URI } from 'vscode-uri';
import { optimiseAsUsual } from '../core/optimiseLate.ts';
import type { Log, Ports } from '../core/ports.ts';
import { createPlanMemory } from '../load/planMemory.ts';
import type { InitializationOptions } from '../model/protocol.ts';
import { startDiagnostics } from './diagnostics.ts';
import { FEATURES } from './features.ts';
import { lastAskedAt } from './guarded.ts';
import { startLateFindings } from './lateFindings.ts';
import { OpenDocuments } from './openDocuments.ts';
import { createPathLooks } from './pathLooks.ts';
import { createShellLooks } from './shellLooks.ts';
import type { ClientAbilities, Feature, ServerContext } from './serverContext.ts';
import { createRootfsRules } from './rootfsRules.ts';
import { ClientSettings } from './settings.ts';
import { createSurroundings } from './surroundings.ts';
import { warmUp } from './warmUp.ts';

export interface ServerSetup {
  readonly connection: Connection;
  /** The effects, given the connection's log. */
  readonly ports: (log: Log) => Ports;
  readonly version: string;
  readonly features?: readonly Feature[];
  /** Makes ready for the first document in idle moments. */
  readonly warmUp?: boolean;
  /** The client has asked to end. */
  readonly onShutdown?: () => void;
}

/** Serves one client until it says `exit` or goes away. */
export function startServer(setup: ServerSetup): void {
  const { connection } = setup;
  const documents = new OpenDocuments();
  const settings = new ClientSettings(connection);
  const log = connectionLog(connection);
  const cleanups: (() => void)[] = [];
  documents.listen(connection);

  connection.onInitialize((params): InitializeResult => {
    const options = optionsOf(params);
    const client = abilitiesOf(params);
    documents.setDetection(options.detect ?? 'content');
    const ports = setup.ports(log);
    const trusted = options.trusted !== false;
    const folders = foldersOf(params);
    const onChange = () => diagnostics.judge();
    const rootfsRulesOf = createRootfsRules({
      settings,
      ports,
      trusted,
      given: options.rootfsCache,
      onChange,
    });
    const surroundings = createSurroundings({ env: ports.env, trusted, folders, rootfsRulesOf, onChange });
    const late = startLateFindings({
      documents,
      sources: trusted
        ? [createPathLooks({ ports, settings }), ...createShellLooks({ ports, settings })]
        : [],
      onFound: (uri) => diagnostics.judge(uri),
      log,
    });
    cleanups.push(late.dispose);
    const base = { connection, documents, settings, options, log, surroundings, late };
    const diagnostics = startDiagnostics(base);
    const plans = createPlanMemory();
    documents.onDidClose(({ path }) => plans.forget(path));
    const context: ServerContext = {
      ...base,
      client,
      trusted,
      folders,
      ports,
      loadPlan: plans.load,
      findingsOf: diagnostics.findingsOf,
      treeOf: diagnostics.treeOf,
      judgeBeside: diagnostics.judgeBeside,
      reanalyse: diagnostics.judge,
      onDidPublish: diagnostics.onDidPublish,
    };
    const registrations = (setup.features ?? FEATURES).map((feature) => feature(context));
    cleanups.push(...registrations.flatMap(({ dispose }) => (dispose ? [dispose] : [])));
    connection.onInitialized(() => {
      start(context, settings);
      if (!setup.warmUp) return;
      cleanups.push(warmUp(restOf(documents)));
      // Whoever edits has seen the first findings: from then on machine code pays.
      const first = documents.onDidChange(() => {
        first.dispose();
        optimiseAsUsual();
      });
    });
    // What is saved is often what other documents hang on: a base, `.env`, settings. One look at each file that was read.
    connection.onDidSaveTextDocument(() => void surroundings.recheck());
    return {
      capabilities: registrations.reduce<ServerCapabilities>(
        (all, { capabilities }) => ({ ...all, ...capabilities }),
        ownCapabilities(),
      ),
      serverInfo: { name: 'hpc-compose', version: setup.version },
    };
  });
  connection.onShutdown(() => {
    for (const cleanup of cleanups) cleanup();
    setup.onShutdown?.();
  });
  connection.listen();
}

function start(context: ServerContext, settings: ClientSettings): void {
  settings.start(context.client.configuration);
  if (!context.client.configuration) return;
  void context.connection.client
    .register(DidChangeConfigurationNotification.type, { section: 'hpcCompose' })
    .catch(() => undefined);
  void settings.all().then(() => context.reanalyse());
}

/** Documents that were let alone this long are read, not edited, and what is looked at in pauses is done. */
const REST_MS = 2000;

/** Tells whether somebody works on a document, or asks for something, just now. */
function restOf({ onDidOpen, onDidChange }: OpenDocuments): () => boolean {
  let last = -Infinity;
  const note = () => (last = performance.now());
  onDidOpen(note);
  onDidChange(note);
  return () => performance.now() - Math.max(last, lastAskedAt()) < REST_MS;
}

function ownCapabilities(): ServerCapabilities {
  return { textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true } };
}

function optionsOf(params: InitializeParams): InitializationOptions {
  const given: unknown = params.initializationOptions;
  return typeof given === 'object' && given !== null ? given : {};
}

function abilitiesOf({ capabilities }: InitializeParams): ClientAbilities {
  return {
    configuration: capabilities.workspace?.configuration === true,
    workDoneProgress: capabilities.window?.workDoneProgress === true,
    codeLensRefresh: capabilities.workspace?.codeLens?.refreshSupport === true,
    watchedFiles: capabilities.workspace?.didChangeWatchedFiles?.dynamicRegistration === true,
  };
}

function foldersOf(params: InitializeParams): string[] {
  const uris = (params.workspaceFolders ?? []).map((folder) => folder.uri);
  return uris.map((uri) => URI.parse(uri)).flatMap((uri) => (uri.scheme === 'file' ? [uri.fsPath] : []));
}

function connectionLog(connection: Connection): Log {
  return {
    debug: (message) => connection.console.debug(message),
    info: (message) => connection.console.info(message),
    warn: (message) => connection.console.warn(message),
    error: (message) => connection.console.error(message),
  };
}
