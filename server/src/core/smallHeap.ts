// Work that makes much and keeps little: V8 would give its heap more and more room, which only raises the peak of memory.
import { setFlagsFromString } from 'node:v8';

/** While a worker fills a heap of its own. V8 collects the garbage of all threads by the same rule and, in part, under one lock. */
const PERCENT_WITH_WORKERS = 100;

/**
 * Keeps V8's young generation at the size that it has and the old one near what is alive: tens of megabytes less at the peak. The
 * earlier the better: what the young generation has taken it keeps. The old one grows by `percent` of what is alive before it is
 * collected; V8 would let it double or more. It may double while a worker is at work, which would else collect so often that this
 * thread waits for it.
 */
export function keepHeapSmall(percent: number): void {
  let workers = 0;
  const setFlags = () => {
    setFlagsFromString('--semi-space-growth-factor=1');
    setFlagsFromString(`--heap-growing-percent=${workers > 0 ? PERCENT_WITH_WORKERS : percent}`);
  };
  setFlags();
  process.on('worker', (worker) => {
    workers += 1;
    // V8 puts the factor back to two whenever a thread sets up a heap of its own.
    worker.once('online', setFlags);
    worker.once('exit', () => {
      workers -= 1;
      setFlags();
    });
  });
}
