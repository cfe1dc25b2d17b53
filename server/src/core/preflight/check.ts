// What a check of preflight is given, and what it is.
import type { CachePlan } from '../../model/plan.ts';
import type { PathEvidence } from '../../model/preflight.ts';
import type { DetectedTool } from '../toolVersion.ts';
import type { CheckItem } from './items.ts';
import type { JobNeeds } from './jobChecks.ts';
import type { ProbeTarget } from './sharedProbe.ts';
import type { SrunHelp } from './slurm.ts';

export interface PreflightInput {
  readonly plan: CachePlan;
  /** Volumes of each service as host paths, absolute. */
  readonly volumes: readonly { readonly service: string; readonly host: string }[];
  /** Normalised `x-slurm.runtime_root`, where the spec sets one. */
  readonly runtimeRoot?: string;
  readonly needs: JobNeeds;
  /** Nodes of the job. */
  readonly nodes: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Asked for where specs are edited, not where jobs are submitted. */
  readonly isEditor: boolean;
  /** What srun tells of itself, when it was asked. */
  readonly srunHelp?: SrunHelp | undefined;
  /** Directories that jobs and this node must both see, the cache first. */
  readonly sharedPaths: readonly ProbeTarget[];
  /** What jobs found of them, when they were asked. */
  readonly probed?: readonly CheckItem[];
  /** The `hpc-compose` on PATH, if any. */
  readonly tool?: DetectedTool | undefined;
  /** Node-local root that holds a normalised path, by the policy of the contract's section 1.8. */
  readonly nodeLocalRootOf: (path: string) => string | undefined;
}

/** One check: it looks at the machine where it must, and never throws for what it finds. */
export type Check = (input: PreflightInput, evidence: PathEvidence) => readonly CheckItem[];
