// The second thread of a big listing: renders chunks until none is left.
import { createBytesReader } from '../manifestFile.ts';
import { createRecordedMask } from '../secretTexts.ts';
import { serveChunks } from '../twoThreads.ts';
import { renderNames } from './renderNames.ts';
import type { RenderTask } from './renderRun.ts';

/** Renders chunks and sends each. `task` is a RenderTask. */
export function runRenderTask(task: unknown): void {
  const { cacheDir, directory, format, shared, port } = task as RenderTask;
  const read = createBytesReader();
  const mask = createRecordedMask(cacheDir);
  serveChunks({ shared, port }, (names) => renderNames(directory, names, format, read, mask));
}
