// Looks at the caches of open specs: when one opens, when its text rests, and after our own acts. Never on a timer.
import { pageOf, type PackedState } from '../core/packed/packedState.ts';
import type { CacheState } from '../model/cache.ts';
import { OperationFailure } from '../model/failure.ts';
import { CACHE_DID_CHANGE } from '../model/protocol.ts';
import type { CacheBoard, Trouble } from './cacheBoard.ts';
import { createCacheReads, type LookAt } from './cacheReads.ts';
import { type JsonText, withPackedEntries } from './jsonText.ts';
import type { ServerContext } from './serverContext.ts';
import { pauseFor } from './pauseFor.ts';
import { planOf } from './specPlans.ts';

/** A text that was not edited for this long is worth a look. */
const REST_MS = 600;
/** Whoever opens a document sees its findings first; one that is closed at once needs no look. */
const OPENED_MS = 150;

export interface Page {
  readonly offset?: number;
  /** From then on the client is told of changes by first pages of that size. */
  readonly limit?: number;
}

export interface CacheLooks {
  /** A page of a cache as it is now, or for a later page as it was when its first one was asked for. */
  list(cacheDir: string, page: Page): Promise<CacheState | JsonText<CacheState>>;
  /** What a prepare of a plan would find, with the sizes of the images that are there. */
  readonly lookAt: LookAt;
  /** Reads a cache after our own act, tells the client and looks at all open specs again: the next lens request is up to date. */
  tell(cacheDir: string): Promise<void>;
  dispose(): void;
}

/** Starts looking. Nothing is looked at in an untrusted workspace. */
export function startLooks(context: ServerContext, board: CacheBoard): CacheLooks {
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  const reads = createCacheReads(board);
  /** The cache that was read for each document when it opened. */
  const listed = new Map<string, string>();
  /** Ends looks at a text that is edited or closed: typing never waits for them. */
  const stops = new Map<string, AbortController>();
  const look = async (uri: string) => {
    const stop = stops.get(uri) ?? new AbortController();
    stops.set(uri, stop);
    try {
      const { plan, ports } = await planOf(context, uri, stop.signal);
      const cacheDir = plan.cacheDir.path;
      if (listed.get(uri) !== cacheDir) {
        await reads.read(cacheDir, stop.signal);
        if (context.documents.get(uri)) listed.set(uri, cacheDir);
      }
      stop.signal.throwIfAborted();
      const found = await reads.lookAt(plan, ports, stop.signal);
      stop.signal.throwIfAborted();
      board.putLook(uri, found);
    } catch (error) {
      if (stop.signal.aborted) return;
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
  const stopLooking = (uri: string) => {
    stops.get(uri)?.abort();
    stops.delete(uri);
  };
  const lookAtAll = () => {
    for (const { uri } of context.documents.allSpecs()) lookSoon(uri, 0);
  };
  // Findings come first: they are what one waits for.
  const opened = new Set<string>();
  context.documents.onDidOpen(({ uri }) => opened.add(uri));
  context.onDidPublish(({ uri }) => {
    if (opened.delete(uri)) lookSoon(uri, OPENED_MS);
  });
  context.documents.onDidChange(({ document }) => {
    stopLooking(document.uri);
    lookSoon(document.uri, pauseFor(document.text, REST_MS));
  });
  context.documents.onDidClose(({ uri }) => {
    clearTimeout(timers.get(uri));
    stopLooking(uri);
    listed.delete(uri);
    opened.delete(uri);
    board.forget(uri);
  });
  context.settings.onDidChange(lookAtAll);
  let pageSize = Infinity;
  return {
    lookAt: reads.lookAt,
    async list(cacheDir, { offset = 0, limit }) {
      const state = (offset > 0 ? reads.lastRead(cacheDir) : undefined) ?? (await reads.read(cacheDir));
      if (limit !== undefined) pageSize = limit;
      return await sentOf(state, offset, limit);
    },
    async tell(cacheDir) {
      const state = await sentOf(await reads.read(cacheDir), 0, pageSize);
      await context.connection.sendNotification(CACHE_DID_CHANGE, state);
      await Promise.all(context.documents.allSpecs().map((document) => look(document.uri)));
    },
    dispose: () => {
      timers.forEach((timer) => clearTimeout(timer));
      reads.dispose();
    },
  };
}

/** A page as a value; everything, which may be much, as the text that it is. */
function sentOf(
  state: PackedState,
  offset: number,
  limit = Infinity,
): Promise<CacheState> | JsonText<CacheState> {
  if (offset === 0 && limit >= state.summary.totals.entries)
    return withPackedEntries<CacheState>(state.summary, state.pieces);
  return pageOf(state, offset, limit);
}

function troubleOf(error: unknown): Trouble {
  switch (error instanceof OperationFailure ? error.code : undefined) {
    case 'spec-invalid':
    case 'spec-surroundings':
    case 'settings-invalid':
      return 'spec-errors';
    case 'usage':
      return 'unsaved';
    default:
      return 'unreachable';
  }
}
