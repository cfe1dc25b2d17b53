// Findings as people, logs and JSON may see them: a message that quotes a value shows no secret.
import type { Finding } from '../model/finding.ts';
import { secretMask } from '../model/mask.ts';

/** The findings without the values in any of their texts. */
export function maskFindings(
  findings: readonly Finding[],
  secretValues: readonly string[] = [],
): readonly Finding[] {
  if (secretValues.length === 0) return findings;
  const mask = secretMask(secretValues);
  return findings.map((finding) => maskFinding(finding, mask));
}

function maskFinding(finding: Finding, mask: (text: string) => string): Finding {
  const { recommendation, related } = finding;
  return {
    ...finding,
    message: mask(finding.message),
    ...(recommendation === undefined ? {} : { recommendation: mask(recommendation) }),
    ...(related === undefined
      ? {}
      : { related: related.map((place) => ({ ...place, message: mask(place.message) })) }),
  };
}
