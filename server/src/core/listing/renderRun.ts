// Renders all manifests of one directory in order, on two threads where there are many.
import type { BytesReader } from '../manifestFile.ts';
import type { RecordedMask } from '../secretTexts.ts';
import { workOnChunks, type ChunkTask } from '../twoThreads.ts';
import { startWorker } from '../worker.ts';
import type { ListingFormat } from './renderEntry.ts';
import { renderNames, type RenderedNames } from './renderNames.ts';

/** Below this a second thread costs more than it brings. */
const PARALLEL_ABOVE = 12_000;

/** What the worker is started with. */
export interface RenderTask extends ChunkTask {
  readonly cacheDir: string;
  readonly directory: string;
  readonly format: ListingFormat;
}

/** Rendered pieces of a directory's manifests, in order. */
export function renderRun(
  directory: string,
  names: readonly string[],
  { cacheDir, format }: Pick<RenderTask, 'cacheDir' | 'format'>,
  { read, mask }: { readonly read: BytesReader; readonly mask: RecordedMask },
): Generator<RenderedNames> {
  return workOnChunks(names, {
    parallelAbove: PARALLEL_ABOVE,
    do: (some) => renderNames(directory, some, format, read, mask),
    startHelper: (task) => startWorker('render', { ...task, cacheDir, directory, format }, [task.port]),
  });
}
