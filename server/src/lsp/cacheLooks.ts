// Looks at the caches of open specs: when one opens, when its text rests, and after our own acts. Never on a timer.
import { packInBackground } from '../core/background.ts';
import { fileBytes, lstatOrNothing } from '../core/diskUsage.ts';
import { createCommitmentMemory, type Judge } from '../core/commitmentMemory.ts';
import { isNetworkFileSystem } from '../core/fileSystemKind.ts';
import { inspectPlan } from '../core/inspect.ts';
import { pageOf, type PackedState } from '../core/packed/packedState.ts';
import type { Ports } from '../core/ports.ts';
import type { CacheState } from '../model/cache.ts';
import { OperationFailure } from '../model/failure.ts';
import { CACHE_DID_CHANGE } from '../model/protocol.ts';
import type { CachePlan } from '../model/plan.ts';
import type { CacheBoard, Look, Trouble } from './cacheBoard.ts';
import type { ServerContext } from './serverContext.ts';
import { planOf } from './specPlans.ts';

/** A text that was not edited for this long is worth a look. */
const REST_MS = 600;
/** Whoever opens a document sees its findings first; one that is closed at once needs no look. */
const OPENED_MS = 150;
/** Entries are kept this long for their next page. */
const KEPT_MS = 30_000;

export interface Page {
  readonly offset?: number;
  /** From then on the client is told of changes by first pages of that size. */
  readonly limit?: number;
}

export interface CacheLooks {
  /** A page of a cache as it is now, or for a later page as it was when its first one was asked for. */
  list(cacheDir: string, page: Page): Promise<CacheState>;
  /** What a prepare of a plan would find, with the sizes of the images that are there. */
  lookAt(plan: CachePlan, ports: Pick<Ports, 'now'>): Promise<Look>;
  /** Reads a cache after our own act, tells the client and looks at all open specs again: the next lens request is up to date. */
  tell(cacheDir: string): Promise<void>;
  dispose(): void;
}

/** Starts looking. Nothing is looked at in an untrusted workspace. */
export function startLooks(context: ServerContext, board: CacheBoard): CacheLooks {
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  const kept = keepForAWhile<PackedState>(KEPT_MS);
  const read = async (cacheDir: string) => {
    const state = await packInBackground(cacheDir);
    board.putCache(state);
    kept.put(cacheDir, state);
    return state;
  };
  const judge = createCommitmentMemory();
  const lookAt: CacheLooks['lookAt'] = (plan, ports) =>
    lookAtPlan(plan, ports, isNetworkFileSystem(plan.cacheDir.path) ? undefined : judge);
  /** Ends looks at a document that is closed. */
  const stops = new Map<string, AbortController>();
  const look = async (uri: string) => {
    const stop = stops.get(uri) ?? new AbortController();
    stops.set(uri, stop);
    try {
      const { plan, ports } = await planOf(context, uri, stop.signal);
      const cacheDir = plan.cacheDir.path;
      if (board.lookOf(uri)?.cacheDir !== cacheDir) await read(cacheDir);
      board.putLook(uri, await lookAt(plan, ports));
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
  const lookAtAll = () => {
    for (const { uri } of context.documents.allSpecs()) lookSoon(uri, 0);
  };
  // Findings come first: they are what one waits for.
  const opened = new Set<string>();
  context.documents.onDidOpen(({ uri }) => opened.add(uri));
  context.onDidPublish(({ uri }) => {
    if (opened.delete(uri)) lookSoon(uri, OPENED_MS);
  });
  context.documents.onDidChange(({ document }) => lookSoon(document.uri, REST_MS));
  context.documents.onDidClose(({ uri }) => {
    clearTimeout(timers.get(uri));
    stops.get(uri)?.abort();
    stops.delete(uri);
    opened.delete(uri);
    board.forget(uri);
  });
  context.settings.onDidChange(lookAtAll);
  let pageSize = Infinity;
  return {
    lookAt,
    async list(cacheDir, { offset = 0, limit }) {
      const state = (offset > 0 ? kept.get(cacheDir) : undefined) ?? (await read(cacheDir));
      if (limit !== undefined) pageSize = limit;
      return await pageOf(state, offset, limit);
    },
    async tell(cacheDir) {
      const state = await pageOf(await read(cacheDir), 0, pageSize);
      await context.connection.sendNotification(CACHE_DID_CHANGE, state);
      await Promise.all(context.documents.allSpecs().map((document) => look(document.uri)));
    },
    dispose: () => {
      timers.forEach((timer) => clearTimeout(timer));
      kept.clear();
    },
  };
}

async function lookAtPlan(
  plan: CachePlan,
  ports: Pick<Ports, 'now'>,
  judge: Judge | undefined,
): Promise<Look> {
  const inspected = await inspectPlan(plan, ports, judge ? { judge } : {});
  const images = inspected.services
    .map(({ runtime_artifact }) => runtime_artifact)
    .filter(({ artifact_present }) => artifact_present);
  const sizes = new Map(images.map(({ path }) => [path, fileBytes(lstatOrNothing(path))]));
  return { inspected, cacheDir: plan.cacheDir.path, sizes };
}

/** Values that are let go of when nobody asked for them in that time. */
function keepForAWhile<T>(milliseconds: number) {
  const values = new Map<string, { readonly value: T; readonly timer: ReturnType<typeof setTimeout> }>();
  const put = (key: string, value: T) => {
    clearTimeout(values.get(key)?.timer);
    values.set(key, { value, timer: setTimeout(() => values.delete(key), milliseconds).unref() });
  };
  return {
    put,
    get: (key: string) => {
      const known = values.get(key);
      if (known) put(key, known.value);
      return known?.value;
    },
    clear: () => {
      for (const { timer } of values.values()) clearTimeout(timer);
      values.clear();
    },
  };
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
