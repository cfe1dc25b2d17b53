// Collects in the rootfs cache from time to time while the server runs, where the cache is switched on. Source: rootfs contract, 2.7.
import { collectByTimer } from './rootfsRequests.ts';
import type { Feature } from './serverContext.ts';

const EVERY_MS = 600_000;

/** The feature; `everyMs` only for tests. */
export function rootfsTimer(everyMs: number = EVERY_MS): Feature {
  return (context) => {
    let busy = false;
    const collect = async () => {
      try {
        const result = await collectByTimer(context);
        if (result && result.evicted.length > 0)
          context.log.info(`rootfs cache: ${result.evicted.length} evicted (${result.reason})`);
      } catch (error) {
        context.log.warn(`rootfs cache: ${(error as Error).message}`);
      }
      busy = false;
    };
    const timer = setInterval(() => {
      if (busy) return;
      busy = true;
      void collect();
    }, everyMs);
    timer.unref();
    return { dispose: () => clearInterval(timer) };
  };
}
