// Images that are committed already, settled together: their locks are taken in one batch, so that a prepare with nothing to
// build costs a few milliseconds. What cannot be settled so (locked, changed meanwhile) goes the long way.
import type { Lock, LockAttempt } from '../locks.ts';
import { buildLockPathOf, manifestLockPathOf, tryLocks } from '../locks.ts';
import type { ImageArtifact } from '../../model/plan.ts';
import { committedManifest } from '../committed.ts';
import { lstatIfThere, type FileSystem } from '../files.ts';
import { refusesWriting } from '../ioFailure.ts';
import type { PrepareRun } from './prepareRun.ts';
import { record, type Transaction } from './transaction.ts';

/** Bounds the descriptors that are open at once: two for each image. */
const BATCH = 32;

/** Paths of the images that were reused, and recorded as such. */
export async function settleHits(run: PrepareRun, candidates: readonly Transaction[]): Promise<Set<string>> {
  const settled = new Set<string>();
  const likely = candidates.filter(({ artifact, force }) => !force && isThere(artifact, run.ports.files));
  for (let start = 0; start < likely.length; start += BATCH) {
    run.signal.throwIfAborted();
    for (const path of await settleBatch(run, likely.slice(start, start + BATCH))) settled.add(path);
  }
  return settled;
}

// Whether it is committed is asked under its locks, once; what lacks a part needs none for the answer.
function isThere({ path, manifestPath }: ImageArtifact, files: FileSystem): boolean {
  try {
    return [path, manifestPath].every((part) => lstatIfThere(files, part)?.isFile());
  } catch {
    return false;
  }
}

async function settleBatch(run: PrepareRun, batch: readonly Transaction[]): Promise<string[]> {
  const paths = batch.flatMap(({ artifact: { path } }) => [buildLockPathOf(path), manifestLockPathOf(path)]);
  const attempts = await tryLocks(paths, run.ports);
  try {
    const done = batch.map(async (transaction, index) => {
      const locks = attempts.slice(2 * index, 2 * index + 2);
      return (await settle(run, transaction, locks)) ? [transaction.artifact.path] : [];
    });
    return (await Promise.all(done)).flat();
  } finally {
    for (const attempt of attempts) if (isHeld(attempt)) attempt.release();
  }
}

async function settle(
  run: PrepareRun,
  transaction: Transaction,
  locks: readonly LockAttempt[],
): Promise<boolean> {
  const { artifact } = transaction;
  const { manifest } = committedManifest(artifact, run.ports.files);
  if (!manifest) return false;
  if (locks.every(isHeld)) {
    await record(run, transaction, 'reused', manifest);
    return true;
  }
  // Nothing can be locked or written where the file system refuses both; nobody can change the image there either.
  const refused = locks.some(
    (lock) => typeof lock === 'object' && !isHeld(lock) && refusesWriting(lock.cause),
  );
  if (!refused || locks.includes('busy')) return false;
  run.ports.log.warn(`${artifact.path} is in a place that cannot be written to; it is used as it is.`);
  return true;
}

function isHeld(attempt: LockAttempt): attempt is Lock {
  return typeof attempt === 'object' && 'release' in attempt;
}
