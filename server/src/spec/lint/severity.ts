// The setting `hpcCompose.diagnostics.severity`: a code -> how loud it is, or `off`. Rules that decide the verdict stay errors.
import type { Finding, Severity } from '../../model/finding.ts';
import { ruleOf } from '../rules/catalogue.ts';

export type SeverityChoice = Severity | 'off';

export const SEVERITY_CHOICES: readonly SeverityChoice[] = ['error', 'warning', 'information', 'hint', 'off'];

/** True for one of the choices; for values that come from settings or the command line. */
export function isSeverityChoice(value: unknown): value is SeverityChoice {
  return (SEVERITY_CHOICES as readonly unknown[]).includes(value);
}

/** Findings with the chosen severities, by code or by the name of the rule; those switched off are left out. */
export function applySeverities(
  findings: readonly Finding[],
  choices: Readonly<Record<string, SeverityChoice>>,
): Finding[] {
  return findings.flatMap((finding) => {
    if (/^R\d/.test(finding.code)) return [finding];
    const name = ruleOf(finding.code)?.name ?? '';
    const choice = choices[finding.code] ?? choices[name];
    if (choice === undefined) return [finding];
    return choice === 'off' ? [] : [{ ...finding, severity: choice }];
  });
}
