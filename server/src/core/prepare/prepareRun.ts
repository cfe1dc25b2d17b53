// What the parts of one prepare share: the plan, the effects, the program that builds, and what a step of it is.
import type { PrepareArtifactResult, PrepareProgress, PrepareServiceResult } from '../../model/cache.ts';
import type { CachePlan } from '../../model/plan.ts';
import type { Ports } from '../ports.ts';
import type { ProcessGuard } from '../process.ts';
import type { Scratch } from './scratch.ts';
import type { Slots } from './slots.ts';
import type { Steps } from './steps.ts';

export interface PrepareOptions {
  /** Builds everything again. */
  readonly force?: boolean;
  /** Names of the services to prepare; absent: all. */
  readonly services?: readonly string[];
  /** Images built at a time. */
  readonly jobs?: number;
  /** The first failure stops the others. */
  readonly failFast?: boolean;
  /** Leaves the root file system of a failed build for inspection. */
  readonly keepFailed?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: PrepareProgress) => void;
  /** Absent: 30 minutes. */
  readonly lockTimeoutMs?: number;
  /** Limit for one step of a tool; absent: none. */
  readonly buildTimeoutMs?: number;
}

export interface PrepareRun {
  readonly plan: CachePlan;
  readonly options: PrepareOptions;
  readonly ports: Ports;
  readonly steps: Steps;
  /** Path of the program that builds. */
  readonly tool: string;
  /** Aborted by the caller, or by the first failure where that was asked. */
  readonly signal: AbortSignal;
  readonly slots: Slots;
  /** Makes the cache's folders and the scratch folders at the first call. Throws the failure of the one that cannot be made. */
  readonly scratch: () => Scratch;
  readonly guard: () => ProcessGuard;
  readonly mask: (text: string) => string;
  readonly report: (progress: PrepareProgress) => void;
  /** The result of an image that could not be had. Throws what is no expected failure. */
  readonly failed: (path: string, error: unknown) => PrepareArtifactResult;
  /** Called once for each service. */
  readonly finished: (service: string, result: PrepareServiceResult) => void;
}

export interface Step {
  readonly service: string;
  readonly phase: PrepareProgress['phase'];
  /** What people see while it runs. */
  readonly message: string;
  /** What it is to do, in words that follow "failed to". */
  readonly what: string;
  readonly args: readonly string[];
  /** Share of the service's work that is done when the step begins. */
  readonly fraction?: number;
  /** File that grows while the step runs, and how big it will be, where that is known. */
  readonly grows?: { readonly path: string; readonly expectedBytes?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absent: the run's. Cleaning up goes on after a cancel. */
  readonly signal?: AbortSignal;
}
