// Pages on how things stand: preflight of a spec, the extension's own facts, what the language server has cost. Pure.
import type { PreflightItem, PreflightReport } from '../../../server/src/model/preflight.ts';
import type { Footprint } from '../../../server/src/model/protocol.ts';
import { formatBytes, type Units } from '../../../server/src/model/units.ts';
import { escape } from './entryText.ts';

/** What stands in the way of a run, each with a remedy, and what is known of the cache directory. */
export function checkPage(report: PreflightReport, units: Units): string {
  const { evidence } = report;
  const facts: [string, string][] = [
    ['Directory', code(evidence.path)],
    ['Leads to', evidence.real_path === evidence.path ? '' : code(evidence.real_path)],
    ['Exists', evidence.exists ? 'yes' : 'not yet'],
    ['Mounted at', evidence.mount_point === null ? '' : code(evidence.mount_point)],
    ['File system', [escape(evidence.fs_type ?? ''), REACH[evidence.reach]].filter(Boolean).join(': ')],
    ['Read-only', evidence.read_only ? 'yes' : ''],
    ['Free', evidence.free_bytes === null ? '' : formatBytes(evidence.free_bytes, units)],
  ];
  return page([
    '# Check',
    '## Cache directory',
    list(facts),
    items('In the way', report.blockers),
    items('Worth mending', report.actionable_warnings),
    items('Not wrong here, but perhaps on the cluster', report.contextual_warnings),
    items('In order', report.passed_checks),
  ]);
}

const REACH: Readonly<Record<PreflightReport['evidence']['reach'], string>> = {
  memory: 'in memory, gone after a restart',
  local: 'a disk of this machine',
  network: 'other machines can mount it',
  unknown: 'it cannot be told whether other machines see it',
};

function items(title: string, found: readonly PreflightItem[]): string {
  if (found.length === 0) return '';
  const lines = found.map(({ level, message, remediation }) => {
    const mark = level === 'ok' ? '✓' : '⚠';
    return `- ${mark} ${escape(message)}${remediation === null ? '' : `  \n  ${escape(remediation)}`}`;
  });
  return page([`## ${title}`, lines.join('\n')]);
}

export interface DoctorFacts {
  readonly extension: string;
  readonly vscode: string;
  readonly host: string;
  readonly platform: string;
  readonly trusted: boolean;
  /** Undefined: it does not answer. */
  readonly server: Footprint | undefined;
  readonly specs: readonly string[];
  readonly directories: readonly string[];
  /** Other extensions that act on the same files. */
  readonly siblings: readonly string[];
  readonly settings: readonly (readonly [string, string])[];
}

/** Facts to hand over with a question: no secret, no content of a file. */
export function doctorPage(facts: DoctorFacts): string {
  const server = facts.server
    ? `process ${facts.server.pid}, up ${duration(facts.server.uptime_seconds)}`
    : 'does not answer';
  return page([
    '# Diagnostics',
    list([
      ['HPC Compose', facts.extension],
      ['Editor', escape(facts.vscode)],
      ['Extension host', `${escape(facts.host)}, ${escape(facts.platform)}`],
      ['Workspace', facts.trusted ? 'trusted' : 'Restricted Mode'],
      ['Language server', server],
      ['Other extensions for these files', escape(facts.siblings.join(', ')) || 'none'],
    ]),
    codes('Specs', facts.specs),
    codes('Cache directories', facts.directories),
    codes(
      'Changed settings',
      facts.settings.map(([name, value]) => `hpcCompose.${name} = ${value}`),
    ),
  ]);
}

/** What the language server has used since it started. */
export function footprintPage(server: Footprint | undefined, units: Units): string {
  if (!server) return '# Footprint\n\nThe language server is not running: it has used nothing.';
  return page([
    '# Footprint',
    'One process on this machine, started with the first spec. Nothing is sent anywhere, and Slurm is never asked.',
    list([
      ['Running for', duration(server.uptime_seconds)],
      ['Processor time', `${server.cpu_seconds.toFixed(1)} s`],
      ['Memory', formatBytes(server.rss_bytes, units)],
      ['Most memory so far', formatBytes(server.max_rss_bytes, units)],
      ['Open specs', String(server.specs)],
    ]),
  ]);
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function codes(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : page([`## ${title}`, lines.map((line) => `- ${code(line)}`).join('\n')]);
}

function list(rows: readonly (readonly [string, string])[]): string {
  const filled = rows.filter(([, value]) => value !== '');
  return filled.map(([name, value]) => `- **${name}:** ${value}`).join('\n');
}

function page(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}

function code(text: string): string {
  const ticks = '`'.repeat(Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length)) + 1);
  return `${ticks} ${text.replace(/\r?\n/g, ' ')} ${ticks}`;
}
