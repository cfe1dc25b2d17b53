// Findings that only follow from another one are not shown; the other one lists their codes. One mistake, one finding.
import type { Finding } from '../model/finding.ts';
import type { Text } from '../model/text.ts';
import { TAB_CAUSE } from './yaml/syntaxWords.ts';

/** What cannot be judged once something else is wrong, by code. */
const FOLLOWS: Readonly<Record<string, readonly string[]>> = {
  R130: ['R026', 'R027', 'R007'],
};

/** Codes of findings about a key that is not there. */
const ABSENCE = new Set(['R026', 'R042', 'R044', 'R091', 'R109', 'R140', 'R145']);
/** The key whose absence such a code tells of, where its message does not name it. */
const ABSENT_KEY: Readonly<Record<string, string>> = {
  R026: 'services',
  R091: 'export_dir',
  R109: 'test',
  R140: 'image',
  R145: 'commands',
};

/** The findings without those that follow from others. */
export function suppressDerived(findings: readonly Finding[]): readonly Finding[] {
  const causes = new Map<Finding, Finding>();
  const possible = causesByService(findings);
  if (possible.size === 0) return findings;
  for (const finding of findings) {
    const cause = causeOf(finding, possible.get(finding.service) ?? []);
    if (cause) causes.set(finding, cause);
  }
  if (causes.size === 0) return findings;
  const suppressed = new Map<Finding, string[]>();
  for (const [finding, cause] of causes)
    suppressed.set(cause, [...(suppressed.get(cause) ?? []), finding.code]);
  return findings
    .filter((finding) => !causes.has(finding))
    .map((finding) => {
      const codes = suppressed.get(finding);
      return codes ? { ...finding, suppressed: [...(finding.suppressed ?? []), ...codes] } : finding;
    });
}

/** Codes of findings that others may follow from. */
const CAUSES = new Set([
  'R007',
  'R020',
  'R024',
  'R026',
  'R027',
  'R030',
  'R034',
  'R041',
  'R044',
  'R107',
  'R113',
]);

/** What other findings may follow from, by service: a mistake of one has no other one's as its cause. */
function causesByService(findings: readonly Finding[]): ReadonlyMap<string | undefined, readonly Finding[]> {
  const groups = new Map<string | undefined, Finding[]>();
  for (const finding of findings) {
    const { code, service, fixes } = finding;
    // Of R044 only unknown keys, which a word replaces; values that lack quotes may be thousands.
    if (!CAUSES.has(code) || (code === 'R044' && fixes?.[0]?.edits.length !== 1)) continue;
    const group = groups.get(service);
    if (group) group.push(finding);
    else groups.set(service, [finding]);
  }
  return groups;
}

/**
 * The findings without those that say the same of one place again: a mistake of a base, or behind an anchor, is one mistake
 * however many services take it over. Lint findings of hpc-compose are told for each service, as it tells them.
 */
export function dropRepeats(findings: readonly Finding[]): readonly Finding[] {
  const told = new Set<string>();
  return findings.filter((finding) => {
    if (finding.code.startsWith('HPC')) return true;
    const { file, start, end } = finding.span;
    const said = finding.message.replaceAll(`services.${finding.service ?? ''}.`, 'services.*.');
    const key = `${finding.code} ${file} ${start} ${end} ${said}`;
    if (told.has(key)) return false;
    told.add(key);
    return true;
  });
}

/** The findings without those about lines below a tab: where entries stand is not known before it is gone. */
export function dropTabEchoes(findings: readonly Finding[]): readonly Finding[] {
  const firstTab = new Map<string, number>();
  for (const { code, message, span } of findings)
    if (code === 'R004' && message.endsWith(TAB_CAUSE))
      firstTab.set(span.file, Math.min(span.start, firstTab.get(span.file) ?? Infinity));
  if (firstTab.size === 0) return findings;
  return findings.filter(
    ({ code, message, span }) =>
      message.endsWith(TAB_CAUSE) ||
      !(code === 'R004' || code === 'R006') ||
      span.start < (firstTab.get(span.file) ?? Infinity),
  );
}

/** A broken declaration of a secret stands for the variable that is missing because of it (R060), where that is used. */
export function claimMissingSecrets(findings: readonly Finding[], text: Text): Finding[] {
  return findings.map((finding) => {
    const name = /^secrets\.([^.]+)/.exec(finding.field ?? '')?.[1];
    if (name === undefined || !['R050', 'R051', 'R052'].includes(finding.code)) return finding;
    const isUsed = text.includes(`\${${name}`) || text.includes(`$${name}`);
    return isUsed ? { ...finding, suppressed: ['R060'] } : finding;
  });
}

function causeOf(finding: Finding, findings: readonly Finding[]): Finding | undefined {
  const follows = FOLLOWS[finding.code];
  if (follows) return findings.find(({ code }) => follows.includes(code));
  if (isBelowRefusedKey(finding)) return refusedKey(finding, findings);
  if (finding.code === 'R140') {
    const build = findings.find(({ field }) => field === `services.${finding.service ?? ''}.build`);
    if (build) return build;
  }
  if (finding.code === 'R144') return findings.find((other) => isSamePlace(other, finding, 'R113'));
  if (finding.code === 'R040' && finding.field?.endsWith('x-env'))
    return findings.find((other) => isSamePlace(other, finding, 'R034'));
  if (finding.code === 'R042' && finding.field === 'sweep')
    return findings.find(isSweepSpec) ?? misspelling(finding, findings);
  return ABSENCE.has(finding.code) && findings.length > 0 ? misspelling(finding, findings) : undefined;
}

/** The shape of a value tells nothing where its key must go (R107). */
function isBelowRefusedKey({ code, field = '' }: Finding): boolean {
  return (
    (code === 'R040' || code === 'R044') && /\.healthcheck\.(?:interval|retries|start_period)/.test(field)
  );
}

/** Another way to write a sweep (R024): what this one lacks is no second mistake. */
function isSweepSpec({ code, field }: Finding): boolean {
  return code === 'R024' && field === 'sweep.spec';
}

function isSamePlace({ code, field }: Finding, finding: Finding, cause: string): boolean {
  return code === cause && field === finding.field;
}

function refusedKey({ field = '' }: Finding, findings: readonly Finding[]): Finding | undefined {
  return findings.find(({ code, field: key = '' }) => code === 'R107' && isAtOrBelow(field, key));
}

function isAtOrBelow(field: string, key: string): boolean {
  return field === key || field.startsWith(`${key}[`) || field.startsWith(`${key}.`);
}

/** The finding about a misspelt key that was meant to be the one which is missing here. */
function misspelling(missing: Finding, findings: readonly Finding[]): Finding | undefined {
  return findings.find((finding) => {
    const meant = finding.fixes?.[0]?.edits[0]?.newText;
    if (finding === missing || finding.service !== missing.service) return false;
    // A merge key would have brought what is missing.
    if (finding.code === 'R030' && finding.field?.endsWith('.<<')) return true;
    if (meant === undefined) return false;
    if (!['R020', 'R030', 'R041', 'R044'].includes(finding.code)) return false;
    const key = ABSENT_KEY[missing.code];
    if (key !== undefined) return key === meant;
    return missing.message.includes(`\`${meant}\``) && parentOf(finding.field) === missing.field;
  });
}

function parentOf(field = ''): string {
  return field.slice(0, Math.max(0, field.lastIndexOf('.')));
}
