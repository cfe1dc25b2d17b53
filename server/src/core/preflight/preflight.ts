// Checks that this machine can prepare and run a plan (cache contract, section 10): a table of checks in the contract's order,
// then ours from evidence. Touches the disk once: it makes the cache directory and writes and removes a probe file there.
import { secretMask } from '../../model/mask.ts';
import type { PreflightItem, PreflightReport } from '../../model/preflight.ts';
import { checkCacheAccess, checkCachePlace, checkEvidence, checkFreeSpace } from './cacheChecks.ts';
import type { Check, PreflightInput } from './check.ts';
import { checkCredentials } from './credentials.ts';
import { checkJob } from './jobChecks.ts';
import { checkBinaries, checkHostPaths, checkImages, checkToolVersion } from './planChecks.ts';
import { checkSlurm } from './slurm.ts';
import type { CheckItem } from './items.ts';
import { gatherEvidence } from './pathEvidence.ts';

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
  checkJob,
  checkEvidence,
  checkToolVersion,
];

/** Runs every check. Never throws for what a check finds. */
export function preflight(input: PreflightInput): PreflightReport {
  const evidence = gatherEvidence(input.plan.cacheDir.path);
  const mask = secretMask(input.plan.secretValues);
  const items = CHECKS.flatMap((check) => check(input, evidence)).map((item) => maskItem(item, mask));
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

function maskItem(item: CheckItem, mask: (text: string) => string): CheckItem {
  const { message, remediation } = item;
  return {
    ...item,
    message: mask(message),
    remediation: remediation === null ? null : mask(remediation),
  };
}

function plainItem({ level, message, remediation }: CheckItem): PreflightItem {
  return { level, message, remediation };
}
