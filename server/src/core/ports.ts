// The effects that the core needs, as one value handed in by the doors.
import type { ProcessRun } from './process.ts';

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
}
