// What a check of preflight is given, and what it is.
import type { CachePlan } from '../../model/plan.ts';
import type { PathEvidence } from '../../model/preflight.ts';
import type { DetectedTool } from '../toolVersion.ts';
import type { CheckItem } from './items.ts';
import type { ProbeTarget } from './sharedProbe.ts';

/** What a spec asks of the nodes, beyond images and mounts. */
export interface JobNeeds {
  /** Where results of a job that is requeued lie. */
  readonly resume?: string;
  /** Some service is ready when an address answers. */
  readonly asksHttp: boolean;
  /** Programs that the chosen metrics are read with. */
  readonly metrics: readonly MetricsTool[];
  readonly loadsModules: boolean;
  /** Views of Spack, with the part of the spec that names each. */
  readonly spackViews: readonly { readonly of: string; readonly path: string }[];
}

export type MetricsTool = 'nvidia-smi' | 'sstat';

/** What `srun --help` says, or why it says nothing. Undefined where nobody needs to know: no srun, or no pyxis. */
export type SrunHelp = { readonly text: string } | { readonly problem: string };

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
