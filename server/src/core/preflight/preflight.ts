// Checks that this machine can prepare and run a plan (cache contract, section 10): a table of checks in the contract's order,
// then ours from evidence. Touches the disk once: it makes the cache directory and writes and removes a probe file there.
import type { CachePlan } from '../../model/plan.ts';
import type { PathEvidence, PreflightItem, PreflightReport } from '../../model/preflight.ts';
import { checkCacheAccess, checkCachePlace, checkEvidence, checkFreeSpace } from './cacheChecks.ts';
import { checkCredentials } from './credentials.ts';
import { checkBinaries, checkHostPaths, checkImages, checkSlurm, checkToolVersion } from './planChecks.ts';
import type { DetectedTool } from '../toolVersion.ts';
import { gatherEvidence } from './pathEvidence.ts';
import type { ProbeTarget } from './sharedProbe.ts';

export interface PreflightInput {
  readonly plan: CachePlan;
  /** Volumes of each service as host paths, absolute. */
  readonly volumes: readonly { readonly service: string; readonly host: string }[];
  /** Normalised `x-slurm.runtime_root`, where the spec sets one. */
  readonly runtimeRoot?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directories that jobs and this node must both see, the cache first. */
  readonly sharedPaths: readonly ProbeTarget[];
  /** What jobs found of them, when they were asked. */
  readonly probed?: readonly CheckItem[];
  /** The `hpc-compose` on PATH, if any. */
  readonly tool?: DetectedTool | undefined;
  /** Node-local root that holds a normalised path, by the policy of the contract's section 1.8. */
  readonly nodeLocalRootOf: (path: string) => string | undefined;
}

/** One check's findings; contextual ones are perhaps no problem on the cluster. */
export interface CheckItem extends PreflightItem {
  contextual?: boolean;
}

export type Check = (input: PreflightInput, evidence: PathEvidence) => readonly CheckItem[];

const CHECKS: readonly Check[] = [
  checkBinaries,
  checkSlurm,
  checkCachePlace,
  checkCacheAccess,
  checkFreeSpace,
  ({ probed = [] }) => probed,
  checkImages,
  checkHostPaths,
  checkCredentials,
  checkEvidence,
  checkToolVersion,
];

/** Runs every check. Never throws for what a check finds. */
export function preflight(input: PreflightInput): PreflightReport {
  const evidence = gatherEvidence(input.plan.cacheDir.path);
  const items = CHECKS.flatMap((check) => check(input, evidence));
  const blockers = items.filter(({ level }) => level === 'error');
  const warnings = items.filter(({ level }) => level === 'warn');
  const contextual = warnings.filter((item) => item.contextual === true);
  const actionable = warnings.filter((item) => item.contextual !== true);
  const passed = items.filter(({ level }) => level === 'ok');
  return {
    schema_version: 1,
    summary: {
      blockers: blockers.length,
      actionable_warnings: actionable.length,
      contextual_warnings: contextual.length,
      passed_checks: passed.length,
    },
    blockers: blockers.map(plainItem),
    actionable_warnings: actionable.map(plainItem),
    contextual_warnings: contextual.map(plainItem),
    passed_checks: passed.map(plainItem),
    evidence,
  };
}

function plainItem({ level, message, remediation }: CheckItem): PreflightItem {
  return { level, message, remediation };
}
