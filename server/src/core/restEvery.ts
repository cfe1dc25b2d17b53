// Long synchronous work in slices: between them everything else of the process has its turn.
import { setImmediate } from 'node:timers/promises';

export interface Rest {
  /** True when the slice is over. */
  readonly isDue: () => boolean;
  /** Lets others run, then begins a new slice. Throws the signal's reason. */
  readonly take: (signal?: AbortSignal) => Promise<void>;
}

/** A rest after each slice of so many milliseconds. */
export function restEvery(milliseconds: number): Rest {
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
