// Work that makes much and keeps little: V8 would give its heap more and more room, which only raises the peak of memory.
import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8's young generation at the size that it has and the old one near what is alive: tens of megabytes less at the peak. The
 * earlier the better: what the young generation has taken it keeps. The old one grows by `percent` of what is alive before it is
 * collected; V8 would let it double or more.
 */
export function keepHeapSmall(percent: number): void {
  const setFlags = () => {
    setFlagsFromString('--semi-space-growth-factor=1');
    setFlagsFromString(`--heap-growing-percent=${percent}`);
  };
  setFlags();
  // V8 puts the factor back to two whenever a thread sets up a heap of its own.
  process.on('worker', (worker) => worker.once('online', setFlags));
}
