// The second thread of a big listing: takes chunks until none is left.
import { createBytesReader } from '../manifestFile.ts';
import { renderNames } from './renderNames.ts';
import type { RenderMessage, RenderTask } from './renderRun.ts';
import { chunkNames, noteFinished, takeChunk, waitForOutput } from './sharedChunks.ts';

/** Renders chunks and sends each. `task` is a RenderTask. */
export function runRenderTask(task: unknown): void {
  const { directory, format, shared, port } = task as RenderTask;
  const read = createBytesReader();
  for (let chunk = takeChunk(shared); chunk !== undefined; chunk = takeChunk(shared)) {
    const rendered = renderNames(directory, chunkNames(shared, chunk), format, read);
    // A copy of its own: the pool behind small buffers cannot be given away.
    const bytes = new Uint8Array(rendered.bytes);
    port.postMessage({ ...rendered, bytes, chunk } satisfies RenderMessage, [bytes.buffer]);
    noteFinished(shared);
    waitForOutput(shared, chunk);
  }
  port.close();
}
