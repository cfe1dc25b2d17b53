// Looks at the caches of open specs: when one opens, when its text rests, and after our own acts. Never on a timer.
import { listCacheInBackground } from '../core/background.ts';
import { inspectPlan } from '../core/inspect.ts';
import type { CacheState } from '../model/cache.ts';
import { OperationFailure } from '../model/failure.ts';
import { CACHE_DID_CHANGE } from '../model/protocol.ts';
import type { CacheBoard, Trouble } from './cacheBoard.ts';
import type { ServerContext } from './serverContext.ts';
import { planOf } from './specPlans.ts';

/** A text that was not edited for this long is worth a look. */
const REST_MS = 600;

export interface CacheLooks {
  /** Reads a cache, keeps its state, gives it. */
  list(cacheDir: string): Promise<CacheState>;
  /** Some entries of a state. From then on the client is told of changes by first pages of that size. */
  page(state: CacheState, offset: number, limit: number): CacheState;
  /** Reads a cache after our own act, tells the client and looks at all open specs again: the next lens request is up to date. */
  tell(cacheDir: string): Promise<void>;
  dispose(): void;
}

/** Starts looking. Nothing is looked at in an untrusted workspace. */
export function startLooks(context: ServerContext, board: CacheBoard): CacheLooks {
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  const list = async (cacheDir: string) => {
    const state = await listCacheInBackground(cacheDir, context.ports);
    board.putCache(state);
    return state;
  };
  const look = async (uri: string) => {
    try {
      const { plan, ports } = await planOf(context, uri, new AbortController().signal);
      const cacheDir = plan.cacheDir.path;
      if (board.lookOf(uri)?.cacheDir !== cacheDir) await list(cacheDir);
      board.putLook(uri, { inspected: await inspectPlan(plan, ports), cacheDir });
    } catch (error) {
      board.putLook(uri, troubleOf(error));
      if (!(error instanceof OperationFailure)) context.log.error(String(error));
    }
  };
  const lookSoon = (uri: string, after: number) => {
    clearTimeout(timers.get(uri));
    if (!context.trusted || !context.documents.isSpec(uri)) return;
    const timer = setTimeout(() => {
      timers.delete(uri);
      if (context.documents.get(uri)) void look(uri);
    }, after);
    timer.unref();
    timers.set(uri, timer);
  };
  const lookAtAll = () => {
    for (const { uri } of context.documents.allSpecs()) lookSoon(uri, 0);
  };
  context.documents.onDidOpen(({ uri }) => lookSoon(uri, 0));
  context.documents.onDidChange(({ document }) => lookSoon(document.uri, REST_MS));
  context.documents.onDidClose(({ uri }) => {
    clearTimeout(timers.get(uri));
    board.forget(uri);
  });
  context.settings.onDidChange(lookAtAll);
  let pageSize = Infinity;
  return {
    list,
    page(state, offset, limit) {
      pageSize = limit;
      return pageOf(state, offset, limit);
    },
    async tell(cacheDir) {
      const state = pageOf(await list(cacheDir), 0, pageSize);
      await context.connection.sendNotification(CACHE_DID_CHANGE, state);
      await Promise.all(context.documents.allSpecs().map((document) => look(document.uri)));
    },
    dispose: () => timers.forEach((timer) => clearTimeout(timer)),
  };
}

function pageOf(state: CacheState, offset: number, limit: number): CacheState {
  const end = offset + limit;
  const entries = state.entries.slice(offset, end);
  return { ...state, entries, ...(end < state.entries.length ? { next: end } : {}) };
}

function troubleOf(error: unknown): Trouble {
  switch (error instanceof OperationFailure ? error.code : undefined) {
    case 'spec-invalid':
    case 'settings-invalid':
      return 'spec-errors';
    case 'usage':
      return 'unsaved';
    default:
      return 'unreachable';
  }
}
