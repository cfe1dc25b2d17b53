// Packs the state of a whole cache, piece by piece in the order of the artifact paths, on two threads where it is big.
import type { CacheEntry, CacheSummary, ListProblem } from '../../model/cache.ts';
import type { CacheDirectory } from '../cacheDirectory.ts';
import { surroundingsOf, type Surroundings } from '../entryState.ts';
import { entryOf, orphanEntries, summaryOf } from '../list.ts';
import { createBytesReader, type BytesReader } from '../manifestFile.ts';
import { walkCache, type WalkedRun } from '../scan.ts';
import { serveChunks, workOnChunks, type ChunkTask } from '../twoThreads.ts';
import { startWorker } from '../worker.ts';
import { packNames, packValues, type PackedPiece } from './packEntries.ts';
import type { PackedEntries, PackedState } from './packedState.ts';

/** Below this a second thread costs more than it brings. */
const PARALLEL_ABOVE = 6_000;

interface PackTask extends ChunkTask {
  readonly directory: string;
  readonly cacheDir: string;
}

/** What a state says beside its entries. */
export type PackedRest = Omit<PackedState, 'pieces'>;

/** The state of a cache directory, as readCacheState gives it; the entries go to `send` in order. */
export function packState(cacheDir: string, send: (piece: PackedEntries) => void): PackedRest {
  const around = surroundingsOf(cacheDir);
  const problems: ListProblem[] = [];
  const orphans: CacheEntry[] = [];
  const sources = new Set<string>();
  const sums = { entries: 0, bytes: 0 };
  const take = ({ bytes, count, size, ...piece }: PackedPiece) => {
    problems.push(...piece.problems);
    for (const source of piece.sources) sources.add(source);
    sums.entries += count;
    sums.bytes += size;
    if (count > 0) send({ bytes, count });
  };
  const options = {
    onProblem: (problem: ListProblem) => void problems.push(problem),
    onContents: (directory: string, contents: CacheDirectory) =>
      void orphans.push(...orphanEntries(directory, contents, around)),
  };
  const read = createBytesReader();
  for (const run of walkCache(cacheDir, options))
    for (const piece of packRun(run, cacheDir, read, around)) take(piece);
  take(packValues(orphans));
  return { summary: summaryOf(cacheDir, problems, sums) satisfies CacheSummary, sources: textOf(sources) };
}

function* packRun(
  { directory, manifests, marked }: WalkedRun,
  cacheDir: string,
  read: BytesReader,
  around: Surroundings,
): Generator<PackedPiece> {
  if (marked) yield packValues([entryOf(marked, around)]);
  yield* workOnChunks(manifests, {
    parallelAbove: PARALLEL_ABOVE,
    do: (names) => packNames(directory, names, read, around),
    startHelper: (task) => startWorker('pack', { ...task, directory, cacheDir }, [task.port]),
  });
}

function textOf(sources: Set<string>): string {
  sources.delete('');
  return [...sources].join('\n');
}

/** The second thread's half. `task` is a PackTask. */
export function runPackTask(task: unknown): void {
  const { directory, cacheDir, ...chunks } = task as PackTask;
  const read = createBytesReader();
  const around = surroundingsOf(cacheDir);
  serveChunks(chunks, (names) => packNames(directory, names, read, around));
}
