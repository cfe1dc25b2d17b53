// The exit code of a spec that cannot be used: the same for every command, as with hpc-compose.
import type { Finding } from '../model/finding.ts';
import { firstByStage, liesOutside } from '../spec/rules/firstByStage.ts';

/** The exit code of hpc-compose: that of the problem which it finds first. */
export function exitOf(findings: readonly Finding[]): number {
  const first = firstByStage(findings);
  if (first === undefined) return 0;
  return liesOutside(first) ? 1 : 2;
}
