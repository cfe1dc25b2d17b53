// The `hpc-compose` on PATH and its version, which enters every image key (cache contract, section 2.5).
import { OperationFailure } from '../model/failure.ts';
import { findTool } from './prepare/toolPath.ts';
import type { ProcessRun } from './process.ts';

export interface DetectedTool {
  readonly path: string;
  readonly version: string;
}

const LIMIT_MS = 5000;

/** Runs `hpc-compose --version`; undefined when there is none or it does not say a version within five seconds. */
export async function detectTool(
  env: Readonly<Record<string, string | undefined>>,
  run: ProcessRun,
  signal?: AbortSignal,
): Promise<DetectedTool | undefined> {
  const path = locate(env.PATH);
  if (path === undefined) return undefined;
  const limit = AbortSignal.timeout(LIMIT_MS);
  const either = signal ? AbortSignal.any([signal, limit]) : limit;
  try {
    const { stdout } = await run({ command: path, args: ['--version'], env, signal: either });
    const version = /^hpc-compose\s+v?(\d\S*)/m.exec(stdout)?.[1];
    return version === undefined ? undefined : { path, version };
  } catch (error) {
    signal?.throwIfAborted();
    if (limit.aborted) return undefined;
    throw error;
  }
}

function locate(path: string | undefined): string | undefined {
  try {
    return findTool('hpc-compose', 'hpc-compose', path);
  } catch (error) {
    if (error instanceof OperationFailure) return undefined;
    throw error;
  }
}
