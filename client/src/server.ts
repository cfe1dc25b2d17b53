// The language server's life: started by the first spec or cache request, restarted on demand and when trust is granted.
import * as vscode from 'vscode';
import { endAll, type Lifetime } from './lifetime.ts';
import type { LanguageClient } from 'vscode-languageclient/node';
import type { CacheState } from '../../server/src/model/cache.ts';
import { CACHE_DID_CHANGE } from '../../server/src/model/protocol.ts';

export interface Server extends Lifetime {
  /** The running client; starts it when needed. Rejects when the server cannot start. */
  client(): Promise<LanguageClient>;
  /** True once something asked for the server. */
  isStarted(): boolean;
  restart(): Promise<void>;
  /** New state of one cache directory, sent by the server after its own acts. */
  readonly onCacheChange: vscode.Event<CacheState>;
}

/** Prepares the server without starting it. */
export function createServer(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): Server {
  const cacheChanged = new vscode.EventEmitter<CacheState>();
  let running: Promise<LanguageClient> | undefined;

  const start = async () => {
    const { createLanguageClient } = await import('./languageClient.ts');
    const client = createLanguageClient(context, log);
    client.onNotification(CACHE_DID_CHANGE, (state: CacheState) => cacheChanged.fire(state));
    await client.start();
    return client;
  };
  const client = () => {
    running ??= start().catch((error: unknown) => {
      running = undefined;
      throw error;
    });
    return running;
  };
  const stop = async () => {
    const old = running;
    running = undefined;
    await old?.then((one) => one.dispose()).catch((error: unknown) => log.debug(`stop: ${String(error)}`));
  };
  const restart = async () => {
    await stop();
    await client();
  };
  const trusted = vscode.workspace.onDidGrantWorkspaceTrust(() => {
    if (running) void restart().catch((error: unknown) => log.error(String(error)));
  });
  return {
    client,
    isStarted: () => running !== undefined,
    restart,
    onCacheChange: cacheChanged.event,
    dispose: () => {
      endAll(cacheChanged, trusted);
      void stop();
    },
  };
}
