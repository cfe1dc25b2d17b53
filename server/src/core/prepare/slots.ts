// A bound on how much is built at the same time; who waits longest goes first.
import { availableParallelism } from 'node:os';

export interface Slots {
  /** Runs `work` when a slot is free. Throws the signal's reason while waiting. */
  readonly use: <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;
}

/** Slots for `count` works at a time. */
export function createSlots(count: number): Slots {
  let free = count;
  const waiting: (() => void)[] = [];
  const release = () => {
    const next = waiting.shift();
    if (next) next();
    else free++;
  };
  const take = async () => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return {
    use: async (signal, work) => {
      await take();
      try {
        signal.throwIfAborted();
        return await work();
      } finally {
        release();
      }
    },
  };
}

/** Login nodes are shared by many people: half of the cores, and never more than this. */
const LOGIN_NODE_LIMIT = 4;

/** How many images are built at a time unless asked otherwise. Inside a Slurm job the cores are ours; elsewhere half of them, 2 to 4. */
export function defaultJobs(env: Readonly<Record<string, string | undefined>>): number {
  const cores = availableParallelism();
  if (env.SLURM_JOB_ID !== undefined) return Math.max(2, Math.min(8, cores));
  return Math.max(2, Math.min(LOGIN_NODE_LIMIT, Math.floor(cores / 2)));
}
