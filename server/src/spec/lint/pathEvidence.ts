// HX005-HX015: what the machine itself says about the directories of a spec. Only in trusted workspaces, and never more than
// a warning: the login node that is asked is not every node. Each finding says how it is known.
import type { Finding, Severity, Span } from '../../model/finding.ts';
import { reachOf } from '../../model/fileSystemTypes.ts';
import type { PathEvidence } from '../../model/pathEvidence.ts';
import { isAtOrBelow } from '../../model/paths.ts';
import { describeBytes } from '../grammar/memory.ts';
import { nodeLocalRootOf } from '../grammar/localPath.ts';
import type { RuleCode } from '../rules/catalogue.ts';
import { findingOf } from '../rules/finding.ts';

export interface EvidenceSubject {
  readonly kind: 'cache' | 'temp' | 'volume';
  readonly span: Span;
  readonly field: string;
  readonly service?: string;
  /** True when the spec does not name the path: then only what goes wrong is worth a word. */
  readonly implied?: boolean;
}

export interface EvidenceSettings {
  /** Directories that a person says are shared: nothing is said about their file system. */
  readonly sharedRoots: readonly string[];
  /** Directories that a person says are local to each node. */
  readonly localRoots: readonly string[];
  /** Nodes of the job: a local file system matters more with several. */
  readonly nodes: number;
  /** Less free space than this is worth a warning. */
  readonly leastFreeBytes: number;
  /** Seconds that were waited for an answer. */
  readonly seconds: number;
}

/** Findings about one path, most important first. Nothing on what is not known. */
export function judgeEvidence(
  evidence: PathEvidence,
  subject: EvidenceSubject,
  settings: EvidenceSettings,
): Finding[] {
  const { path, answer } = evidence;
  const report = (code: RuleCode, words: Readonly<Record<string, string | number>>, severity?: Severity) => {
    const how = { span: subject.span, message: howKnown(evidence) };
    const service = subject.service === undefined ? {} : { service: subject.service };
    const loud = severity === undefined ? {} : { severity };
    return findingOf(code, {
      span: subject.span,
      field: subject.field,
      ...service,
      ...loud,
      words: { path, ...words },
      related: [how],
    });
  };
  if (answer === 'silent') return [report('HX011', { seconds: settings.seconds })];
  const places = [
    ...throughLinks(evidence, subject, report),
    ...byFileSystem(evidence, subject, settings, report),
  ];
  if (subject.kind !== 'cache') return places;
  const all = [...places, ...byAccess(evidence, settings, report)];
  return subject.implied ? all.filter(({ severity }) => severity === 'warning') : all;
}

type Report = (
  code: RuleCode,
  words: Readonly<Record<string, string | number>>,
  severity?: Severity,
) => Finding;

/** HX005, HX015: the text looks fine, the directory behind it is not. */
function throughLinks({ path, real }: PathEvidence, { kind }: EvidenceSubject, report: Report): Finding[] {
  const root = real === undefined ? undefined : nodeLocalRootOf(real);
  if (real === undefined || root === undefined || kind === 'temp' || nodeLocalRootOf(path) !== undefined)
    return [];
  return [report(kind === 'cache' ? 'HX005' : 'HX015', { real, root })];
}

/** HX006, HX013, HX014. */
function byFileSystem(
  { path, real, mount }: PathEvidence,
  { kind }: EvidenceSubject,
  settings: EvidenceSettings,
  report: Report,
): Finding[] {
  const paths = [path, real ?? path];
  const isBelow = (roots: readonly string[]) =>
    roots.find((root) => paths.some((one) => isAtOrBelow(one, root)));
  if (isBelow(settings.sharedRoots) !== undefined) return [];
  if (kind === 'temp')
    return mount && reachOf(mount.type) === 'network' ? [report('HX013', { type: mount.type })] : [];
  if (kind !== 'cache') return [];
  // HPC004 and HX005 tell of the four roots.
  if (paths.some((one) => nodeLocalRootOf(one) !== undefined)) return [];
  const local = isBelow(settings.localRoots);
  if (local !== undefined) return [report('HX014', { root: local })];
  const reach = mount ? reachOf(mount.type) : 'unknown';
  if (!mount || (reach !== 'local' && reach !== 'memory')) return [];
  const isLoud = reach === 'memory' || settings.nodes > 1;
  return [report('HX006', { mount: mount.point, type: mount.type }, isLoud ? 'warning' : 'information')];
}

/** HX007-HX010. */
function byAccess(evidence: PathEvidence, { leastFreeBytes }: EvidenceSettings, report: Report): Finding[] {
  const { answer, writable, worldWritable, freeBytes } = evidence;
  const findings: Finding[] = [];
  if (writable === false) findings.push(report('HX008', {}));
  else if (answer === 'missing') findings.push(report('HX007', {}));
  if (answer === 'ok' && worldWritable) findings.push(report('HX009', {}));
  if (freeBytes !== undefined && freeBytes < leastFreeBytes)
    findings.push(report('HX010', { free: describeBytes(freeBytes) }));
  return findings;
}

function howKnown({ path, real, mount, answer }: PathEvidence): string {
  const link = real === undefined || real === path ? '' : `; links lead to ${real}`;
  const where = mount ? `${mount.type} mounted on ${mount.point}` : 'no mount is known';
  const asked = answer === 'silent' ? 'asked on this machine, without an answer' : 'asked on this machine';
  return `Known from the mount table: ${where}${link} (${asked}).`;
}
