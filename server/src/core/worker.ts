// Starts the worker thread that reads caches, from the bundle beside the running one, or from source where that is what runs.
import { Worker, type Transferable } from 'node:worker_threads';

/** What the worker can do; each reads `workerData` of its own shape. */
export type WorkerTask = 'render' | 'state' | 'prune-plan';

/** A worker on a task, or undefined where threads cannot be had: callers do the work themselves then. */
export function startWorker(
  task: WorkerTask,
  data: object,
  transfer: Transferable[] = [],
): Worker | undefined {
  const fromSource = import.meta.url.endsWith('.ts');
  const file = new URL(fromSource ? './scanWorker.ts' : './scanWorker.js', import.meta.url);
  try {
    const worker = new Worker(file, {
      workerData: { ...data, task },
      transferList: transfer,
      ...(fromSource ? { execArgv: ['--import', 'tsx'] } : { execArgv: [] }),
    });
    worker.on('error', () => undefined);
    worker.unref();
    return worker;
  } catch {
    return undefined;
  }
}
