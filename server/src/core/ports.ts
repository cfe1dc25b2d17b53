// The effects that the core needs, as one value handed in by the doors.
import { nodeFiles, type FileSystem } from './files.ts';
import { createLockChildren, type LockChildren } from './lockChild.ts';
import { runProcess, startGuard, type ProcessGuard, type ProcessRun } from './process.ts';

export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export interface Ports {
  readonly run: ProcessRun;
  /** Seconds since the epoch. */
  readonly now: () => number;
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly files: FileSystem;
  readonly startGuard: () => ProcessGuard;
  readonly lockChildren: LockChildren;
}

/** The real effects, with the log and the environment of a door. */
export function realPorts(log: Log, env: Ports['env']): Ports {
  const now = () => Math.floor(Date.now() / 1000);
  const lockChildren = createLockChildren();
  return { run: runProcess, now, log, env, files: nodeFiles, startGuard, lockChildren };
}
