// The exit code of a spec that cannot be used: the same for every command, as with hpc-compose.
import type { Finding } from '../model/finding.ts';
import { firstByStage } from '../spec/judgeSpec.ts';

/** Exit codes of problems outside of the spec (variables, settings, profiles); all others are 2. */
const OTHER_EXITS: Readonly<Record<string, number>> = { R002: 1, R003: 1, R053: 1, R170: 1, R171: 1 };

/** The exit code of hpc-compose: that of the problem which it finds first. */
export function exitOf(findings: readonly Finding[]): number {
  const first = firstByStage(findings);
  return first === undefined ? 0 : (OTHER_EXITS[first.code] ?? 2);
}
