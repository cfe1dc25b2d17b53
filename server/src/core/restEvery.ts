// Long synchronous work in slices: between them everything else of the process has its turn.
import { setImmediate } from 'node:timers/promises';

export interface Rest {
  /** True when the slice is over. */
  readonly isDue: () => boolean;
  /** Lets others run, then begins a new slice. Throws the signal's reason. */
  readonly take: (signal?: AbortSignal) => Promise<void>;
}

/** Short enough for nobody to notice. */
const SLICE_MS = 20;

/** A rest after each slice of so many milliseconds. */
export function restEvery(milliseconds = SLICE_MS): Rest {
  let end = performance.now() + milliseconds;
  return {
    isDue: () => performance.now() >= end,
    take: async (signal) => {
      signal?.throwIfAborted();
      await setImmediate();
      end = performance.now() + milliseconds;
    },
  };
}

/** What work in steps gives at its end, with rests between slices. Throws the signal's reason, and what a step throws. */
export async function finishInSlices<T>(
  steps: Generator<unknown, T>,
  signal?: AbortSignal,
  milliseconds = SLICE_MS,
): Promise<T> {
  const rest = restEvery(milliseconds);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    if (rest.isDue()) await rest.take(signal);
  }
}

/** The same in one go, for callers that may not let anything else run meanwhile. Throws what a step throws. */
export function finishAtOnce<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
