// Reads of whole caches and looks at what plans find in them. One of each at a time for each cache: a mount that hangs holds two
// workers, however often it is asked about, and never the thread that answers people; no look waits for the read of a big cache.
import { explainInBackground, inspectInBackground, packInBackground } from '../core/background.ts';
import { asksNetworkFileSystem } from '../core/fileSystemKind.ts';
import { createInspectMemory } from '../core/inspectMemory.ts';
import type { PackedState } from '../core/packed/packedState.ts';
import type { Ports } from '../core/ports.ts';
import { createSlots, type Slots } from '../core/prepare/slots.ts';
import type { CachePlan } from '../model/plan.ts';
import type { CacheBoard, Look } from './cacheBoard.ts';

/** Entries are kept this long for their next page. */
const KEPT_MS = 30_000;

/** What a prepare of a plan would find, with the sizes of the images that are there. Throws the signal's reason. */
export type LookAt = (plan: CachePlan, ports: Pick<Ports, 'now'>, signal?: AbortSignal) => Promise<Look>;

export interface CacheReads {
  /** The cache as it is now; the board is told. Throws the signal's reason while others are read. */
  readonly read: (cacheDir: string, signal?: AbortSignal) => Promise<PackedState>;
  /** What was read last, for a while. */
  readonly lastRead: (cacheDir: string) => PackedState | undefined;
  readonly lookAt: LookAt;
  readonly dispose: () => void;
}

/** The reads of one server. */
export function createCacheReads(board: CacheBoard): CacheReads {
  const kept = keepForAWhile<PackedState>(KEPT_MS);
  const readsOf = oneAtATime();
  return {
    read: (cacheDir, signal = NEVER) =>
      readsOf(cacheDir).use(signal, async () => {
        const state = await packInBackground(cacheDir);
        board.putCache(state);
        kept.put(cacheDir, state);
        return state;
      }),
    lastRead: kept.get,
    lookAt: createLookAt(oneAtATime()),
    dispose: kept.clear,
  };
}

/** Nobody cancels it. */
const NEVER = new AbortController().signal;

type Lanes = (cacheDir: string) => Slots;

function oneAtATime(): Lanes {
  const lanes = new Map<string, Slots>();
  return (cacheDir) => {
    const lane = lanes.get(cacheDir) ?? createSlots(1);
    lanes.set(cacheDir, lane);
    return lane;
  };
}

/**
 * A local disk answers at once, and what it said before is remembered; a worker looks for earlier builds of what is missing in a
 * big cache. Any other file system is asked by a worker each time, which is let finish: a thread that waits for a mount cannot be
 * ended.
 */
function createLookAt(laneOf: Lanes): LookAt {
  const inspect = createInspectMemory();
  return async (plan, ports, signal = NEVER) => {
    const cacheDir = plan.cacheDir.path;
    const found = await laneOf(cacheDir).use(signal, async () =>
      (await asksNetworkFileSystem(cacheDir))
        ? await inspectInBackground(plan, ports)
        : await inspect(plan, ports, { explain: explainInBackground, signal }),
    );
    return { ...found, cacheDir };
  };
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
