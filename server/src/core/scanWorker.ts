// The worker thread's door: reads big caches beside the thread that answers people.
import { workerData } from 'node:worker_threads';
import { goBehind } from './goBehind.ts';
import type { WorkerTask } from './worker.ts';

const { task } = workerData as { task: WorkerTask };

// Somebody waits for a listing; everything else is done for a server, which answers people first.
if (task !== 'render') goBehind();

switch (task) {
  case 'render':
    void import('./listing/renderWorker.ts').then(({ runRenderTask }) => runRenderTask(workerData));
    break;
  case 'pack':
    void import('./packed/packState.ts').then(({ runPackTask }) => runPackTask(workerData));
    break;
  case 'prune-apply':
    void import('./prune/pruneTask.ts').then(({ runPruneTask }) => runPruneTask(workerData));
    break;
  case 'rootfs-list':
  case 'rootfs-plan':
    void import('./rootfs/rootfsTask.ts').then(({ runRootfsTask }) => runRootfsTask(workerData));
    break;
  case 'state':
  case 'prune-plan':
  case 'prune-reports':
  case 'verify':
  case 'inspect':
  case 'history':
    void import('./stateWorker.ts').then(({ runStateTask }) => runStateTask(workerData));
    break;
}
