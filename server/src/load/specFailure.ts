// A spec or settings file that cannot be used, with every finding, so that the doors can show each at its place.
import { OperationFailure, type FailureCode } from '../model/failure.ts';
import { decidesVerdict, type Finding } from '../model/finding.ts';
import { liesOutside } from '../spec/rules/firstByStage.ts';

export class SpecFailure extends OperationFailure {
  readonly findings: readonly Finding[];

  constructor(
    code: Extract<FailureCode, 'spec-invalid' | 'spec-surroundings' | 'settings-invalid'>,
    path: string,
    findings: readonly Finding[],
  ) {
    const isTold = code === 'spec-surroundings' ? liesOutside : decidesVerdict;
    const errors = findings.filter(isTold);
    // The words of the rule for settings begin as those of the failure do.
    const said = `The settings file ${path} cannot be used: `;
    super(code, { path, cause: errors.map(({ message }) => message.replace(said, '')).join('; ') });
    this.findings = findings;
  }
}
