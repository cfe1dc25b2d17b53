// Starts the worker thread that reads caches, from the bundle beside the running one.
import { Worker, type Transferable } from 'node:worker_threads';

/** What the worker can do; each reads `workerData` of its own shape. */
export type WorkerTask =
  | 'render'
  | 'pack'
  | 'state'
  | 'prune-plan'
  | 'prune-apply'
  | 'prune-reports'
  | 'verify'
  | 'inspect'
  | 'history'
  | 'rootfs-list'
  | 'rootfs-plan';

/**
 * A worker on a task. Undefined where threads cannot be had, and when running from source, where the worker is no bundle:
 * callers do the work themselves then.
 */
export function startWorker(
  task: WorkerTask,
  data: object,
  transfer: Transferable[] = [],
): Worker | undefined {
  if (import.meta.url.endsWith('.ts')) return undefined;
  try {
    const worker = new Worker(new URL('./scanWorker.js', import.meta.url), {
      workerData: { ...data, task },
      transferList: transfer,
      execArgv: [],
    });
    worker.on('error', () => undefined);
    worker.unref();
    return worker;
  } catch {
    return undefined;
  }
}
