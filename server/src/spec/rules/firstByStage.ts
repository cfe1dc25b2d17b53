// Which problem hpc-compose finds first, and whether it lies in the spec or around it (spec contract, section 0).
import { decidesVerdict, type Finding } from '../../model/finding.ts';
import { ruleOf } from './catalogue.ts';

/** Rules on what is outside of a spec: `.env`, settings, values of secrets, strict variables, the cluster profile. */
const OUTSIDE: ReadonlySet<string> = new Set(['R002', 'R003', 'R053', 'R170', 'R171']);

/** True for a problem of what is around a spec: hpc-compose exits with 1 then, not with 2. */
export function liesOutside({ code }: Finding): boolean {
  return OUTSIDE.has(code);
}

/** Of several findings the one that hpc-compose would have told: the first of the earliest stage. */
export function firstByStage(findings: readonly Finding[]): Finding | undefined {
  const errors = findings.filter(decidesVerdict);
  const stageOf = ({ code }: Finding) => ruleOf(code)?.stage ?? 13;
  return errors.reduce<Finding | undefined>(
    (first, finding) => (first === undefined || stageOf(finding) < stageOf(first) ? finding : first),
    undefined,
  );
}
