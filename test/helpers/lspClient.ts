// An LSP client in the same process as the server, over two streams that are read and written as by `--stdio`: what tests of the
// server talk to.
import { PassThrough } from 'node:stream';
import {
  createConnection,
  createProtocolConnection,
  StreamMessageReader,
  type Diagnostic,
  type InitializeResult,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
  type ServerCapabilities,
} from 'vscode-languageserver/node';
import { realPorts } from '../../server/src/core/ports.ts';
import type { ProcessRun } from '../../server/src/core/process.ts';
import type { Feature } from '../../server/src/lsp/serverContext.ts';
import { messageDecoder } from '../../server/src/lsp/readMessages.ts';
import { startServer } from '../../server/src/lsp/server.ts';
import { WholeMessageWriter } from '../../server/src/lsp/wholeMessages.ts';
import type { InitializationOptions } from '../../server/src/model/protocol.ts';

export interface ClientSetup {
  readonly options?: InitializationOptions;
  readonly settings?: Record<string, unknown>;
  readonly features?: readonly Feature[];
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly run?: ProcessRun;
}

const refuseProcesses: ProcessRun = () => Promise.reject(new Error('this test starts no process'));

export class LspClient {
  readonly connection: ProtocolConnection;
  readonly logged: string[] = [];
  readonly capabilities: ServerCapabilities;
  private readonly published: PublishDiagnosticsParams[];
  private readonly waiting = new Set<() => void>();
  private readonly versions = new Map<string, number>();

  private constructor(
    connection: ProtocolConnection,
    published: PublishDiagnosticsParams[],
    result: InitializeResult,
  ) {
    this.connection = connection;
    this.published = published;
    this.capabilities = result.capabilities;
    connection.onNotification('textDocument/publishDiagnostics', (params: PublishDiagnosticsParams) => {
      published.push(params);
      for (const check of [...this.waiting]) check();
    });
    connection.onNotification('window/logMessage', ({ message }: { message: string }) => {
      this.logged.push(message);
    });
  }

  /** A client of a fresh server that has been initialized. */
  static async start(setup: ClientSetup = {}): Promise<LspClient> {
    const toServer = new PassThrough();
    const toClient = new PassThrough();
    startServer({
      connection: createConnection(
        new StreamMessageReader(toServer, { contentTypeDecoder: messageDecoder }),
        new WholeMessageWriter(toClient),
      ),
      ports: (log) => ({ ...realPorts(log, setup.env ?? {}), run: setup.run ?? refuseProcesses }),
      version: 'test',
      ...(setup.features ? { features: setup.features } : {}),
    });
    const connection = createProtocolConnection(toClient, toServer);
    connection.onRequest('workspace/configuration', ({ items }: { items: unknown[] }) =>
      items.map(() => setup.settings ?? {}),
    );
    connection.onRequest('client/registerCapability', () => null);
    connection.onRequest('window/workDoneProgress/create', () => null);
    connection.onRequest('workspace/codeLens/refresh', () => null);
    connection.listen();
    const result = await connection.sendRequest<InitializeResult>('initialize', {
      processId: null,
      rootUri: null,
      capabilities: { workspace: { configuration: setup.settings !== undefined } },
      initializationOptions: setup.options ?? {},
      workspaceFolders: setup.folder === undefined ? null : [{ uri: `file://${setup.folder}`, name: 'w' }],
    });
    const client = new LspClient(connection, [], result);
    await connection.sendNotification('initialized', {});
    return client;
  }

  /** Opens a document and gives its first diagnostics. */
  async open(uri: string, text: string, languageId = 'yaml'): Promise<Diagnostic[]> {
    const version = (this.versions.get(uri) ?? 0) + 1;
    this.versions.set(uri, version);
    await this.connection.sendNotification('textDocument/didOpen', {
      textDocument: { uri, languageId, version, text },
    });
    return this.diagnostics(uri, version);
  }

  /** Sends changes (whole text or ranges) without waiting; gives the new version. */
  async change(uri: string, ...contentChanges: object[]): Promise<number> {
    const version = (this.versions.get(uri) ?? 1) + 1;
    this.versions.set(uri, version);
    await this.connection.sendNotification('textDocument/didChange', {
      textDocument: { uri, version },
      contentChanges,
    });
    return version;
  }

  /** The diagnostics published last for this version, waiting for them. */
  async diagnostics(uri: string, version: number): Promise<Diagnostic[]> {
    const find = () => this.published.findLast((params) => params.uri === uri && params.version === version);
    return (await this.until(find)).diagnostics;
  }

  /** Everything that was published for a document, in order. */
  publishedFor(uri: string): readonly PublishDiagnosticsParams[] {
    return this.published.filter((params) => params.uri === uri);
  }

  /** Waits until `find` gives something; asked again after each publication. */
  async until<T>(find: () => T | undefined): Promise<T> {
    const found = find();
    if (found !== undefined) return found;
    return new Promise((resolve) => {
      const check = () => {
        const later = find();
        if (later === undefined) return;
        this.waiting.delete(check);
        resolve(later);
      };
      this.waiting.add(check);
    });
  }

  async close(uri: string): Promise<void> {
    await this.connection.sendNotification('textDocument/didClose', { textDocument: { uri } });
  }

  request<R>(method: string, params: object): Promise<R> {
    return this.connection.sendRequest<R>(method, params);
  }

  async stop(): Promise<void> {
    await this.connection.sendRequest('shutdown');
    this.connection.dispose();
  }
}
