// Translates a failed system call into the failure that people read: one table, used wherever the core touches the disk.
import { OperationFailure, type FailureCode } from '../model/failure.ts';
import { errnoOf } from './files.ts';

const CODES: Readonly<Record<string, FailureCode>> = {
  ENOSPC: 'no-space',
  EDQUOT: 'quota',
  ESTALE: 'stale-handle',
  EFBIG: 'file-too-large',
  EROFS: 'read-only',
  EACCES: 'permission',
  EPERM: 'permission',
  ENOLCK: 'lock-unsupported',
  ENAMETOOLONG: 'name-too-long',
};

/** Gives the error itself when it is a failure already, or no failure of a system call. `path` is what was worked on. */
export function ioFailure(error: unknown, path: string): unknown {
  if (error instanceof OperationFailure) return error;
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const cause = (error as Error).message;
  if (errno === 'ENAMETOOLONG') return new OperationFailure('io', { path, cause }, error);
  return new OperationFailure(CODES[errno] ?? 'io', { path, cause }, error);
}

/** True when the file system refuses writing as such: full, read-only, over quota or not ours. */
export function refusesWriting(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM'].includes(errnoOf(error) ?? '');
}
