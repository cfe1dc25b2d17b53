// Makes a finished file appear under its final name, at once and for good: fsync, rename, fsync of the directory.
// Network file systems may do a rename and lose the reply; then the target is looked at before anything is called a failure.
import { constants } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { OperationFailure } from '../model/failure.ts';
import { errnoOf, lstatIfThere, unlinkQuietly, type FileSystem } from './files.ts';

/** Errors of rename that say nothing on whether it happened. */
const UNCERTAIN = new Set(['ESTALE', 'ENOENT', 'EEXIST', 'EIO', 'ETIMEDOUT']);

/** Hidden sibling that a tool writes to. The extension stays: tools infer the format from it. Cache contract, section 0. */
export function stagingPathOf(target: string): string {
  const extension = extname(target);
  const stem = basename(target, extension);
  return join(dirname(target), `.${stem}.hpc-compose-stage-${process.pid}-${uniqueNanos()}-0${extension}`);
}

/** Nanoseconds since the epoch, to the digits that make names unique within this process. */
export function uniqueNanos(): bigint {
  return BigInt(Date.now()) * 1_000_000n + (process.hrtime.bigint() % 1_000_000n);
}

/** Names longer than this fail in the file system. */
export const NAME_BYTES_LIMIT = 255;

/** Bytes of the longest file name that this process needs to build `target`: that of its staging file. */
export function longestNameBytes(target: string): number {
  return Buffer.byteLength(basename(stagingPathOf(target)));
}

/**
 * Publishes what a tool wrote to `staging` as `target`. The staging file is gone afterwards, also on failure.
 * Throws artifact-unusable when there is no regular file with contents, and the system's error when it cannot be published.
 */
export async function publishArtifact(staging: string, target: string, files: FileSystem): Promise<void> {
  try {
    const stat = lstatIfThere(files, staging);
    if (!stat) throw unusable(target, 'the tool ended well but wrote no image');
    if (!stat.isFile()) throw unusable(target, 'what the tool wrote is not a regular file');
    if (stat.size === 0) throw unusable(target, 'the tool wrote an empty image');
    if (lstatIfThere(files, target)?.isDirectory()) throw unusable(target, 'a directory stands in its place');
    await syncPath(staging, files);
    await publishFile(staging, target, files);
  } catch (error) {
    unlinkQuietly(files, staging);
    throw error;
  }
}

function unusable(path: string, cause: string): OperationFailure {
  return new OperationFailure('artifact-unusable', { path, cause });
}

/** Renames a synced file over `target` and syncs the directory. Throws the system's error. */
export async function publishFile(from: string, target: string, files: FileSystem): Promise<void> {
  const { dev, ino, size } = files.lstat(from);
  const happened = () => {
    const now = lstatIfThere(files, target);
    return now?.dev === dev && now.ino === ino && now.size === size;
  };
  try {
    files.rename(from, target);
  } catch (error) {
    if (!UNCERTAIN.has(errnoOf(error) ?? '')) throw error;
    if (!happened()) renameAgain(from, target, files, error);
  }
  await syncDirectory(dirname(target), files);
}

// One retry for a stale handle only: any other error would come back the same.
function renameAgain(from: string, target: string, files: FileSystem, first: unknown): void {
  if (errnoOf(first) !== 'ESTALE') throw first;
  files.rename(from, target);
}

async function syncPath(path: string, files: FileSystem): Promise<void> {
  const fd = files.open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    await files.fsync(fd);
  } finally {
    files.close(fd);
  }
}

// The rename is done; a file system that cannot sync directories (EINVAL) must not turn it into a failure.
async function syncDirectory(path: string, files: FileSystem): Promise<void> {
  try {
    await syncPath(path, files);
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EACCES', 'EBADF'].includes(errnoOf(error) ?? '')) throw error;
  }
}
