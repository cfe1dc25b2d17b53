// The view of rendezvous records as plain values and words: where a service listens, how long its record still counts. Pure.
import type {
  RendezvousEntry,
  RendezvousRecord,
  RendezvousState,
} from '../../../server/src/model/rendezvous.ts';
import { formatAgo, speakAgo } from '../../../server/src/model/units.ts';
import { escape, when } from '../views/entryText.ts';

export interface RendezvousNode {
  readonly id: string;
  readonly cacheDir: string;
  readonly entry: RendezvousEntry;
}

/** One row for each name that clients read, and every file that cannot be read; live ones first. */
export function rendezvousNodes(states: readonly RendezvousState[]): RendezvousNode[] {
  const nodes = states.flatMap(({ cache_dir, entries }) => {
    const read = new Set(entries.filter(({ latest }) => latest).map(({ name }) => name));
    return entries
      .filter((entry) => entry.latest || entry.state === 'damaged' || !read.has(entry.name))
      .map((entry) => ({ id: entry.file, cacheDir: cache_dir, entry }));
  });
  const rank = ({ entry }: RendezvousNode) => Number(entry.state !== 'live');
  return nodes.sort((a, b) => rank(a) - rank(b) || (a.entry.name < b.entry.name ? -1 : 1));
}

/** `node17:8000 · job 48213 · 41 min left`. */
export function rendezvousDescription({ entry }: RendezvousNode, now: number): string {
  const { record } = entry;
  const where = record ? [`${record.host}:${record.port}`, `job ${record.job_id}`] : [];
  return [...where, timeLeft(entry, now, formatAgo)].join(' · ');
}

/** The record as a sentence, for screen readers. */
export function rendezvousSpoken({ entry }: RendezvousNode, now: number): string {
  const { record } = entry;
  const where = record ? [`on ${record.host} port ${record.port}`, `job ${record.job_id}`] : [];
  return [entry.name, ...where, timeLeft(entry, now, speakAgo)].join(', ');
}

type Ago = (moment: number, now: number) => string;

function timeLeft(entry: RendezvousEntry, now: number, ago: Ago): string {
  if (entry.state === 'damaged') return entry.problem ?? 'cannot be read';
  if (entry.state === 'elsewhere') return 'written for another spelling of the cache directory';
  const end = entry.expires_at ?? 0;
  if (end <= now) return `expired ${ago(end, now)}`;
  const left = ago(2 * now - end, now);
  return left === 'just now' ? 'expires now' : left.replace(/ ago$/, ' left');
}

/** Everything in the record, in Markdown. */
export function rendezvousTooltip({ entry }: RendezvousNode, now: number): string {
  const { record } = entry;
  const rows: [string, string][] = record
    ? [
        ['URL', record.url],
        ['Service', record.service ?? ''],
        ['Job', record.job_id],
        ['Host', `${record.host}:${record.port}`],
        ['Protocol', record.protocol],
        ['Path', record.path ?? ''],
        ['Registered', when(record.registered_at, now)],
        ...Object.entries(record.metadata),
      ]
    : [];
  const filled = [...rows, ['File', entry.file] as const].filter(([, value]) => value !== '');
  const table = filled.map(([name, value]) => `**${escape(name)}:** ${escape(value)}`);
  return [...(entry.problem ? [`$(warning) ${escape(entry.problem)}`] : []), ...table].join('  \n');
}

/** The variables that a job sees when it has found the service, as shell text. */
export function rendezvousExports(record: RendezvousRecord): string {
  const values: [string, string][] = [
    ['NAME', record.name],
    ['URL', record.url],
    ['HOST', record.host],
    ['PORT', String(record.port)],
    ['PROTOCOL', record.protocol],
    ['PATH', record.path ?? ''],
    ['JOB_ID', record.job_id],
    ['SERVICE', record.service ?? ''],
  ];
  return values.map(([name, value]) => `export HPC_COMPOSE_RDZV_${name}=${quote(value)}\n`).join('');
}

/** An ssh command that makes the port reachable on one's own machine. */
export function tunnelCommand({ host, port }: RendezvousRecord, login: string): string {
  return `ssh -N -L ${port}:${/^[\w.:-]+$/.test(host) ? host : quote(host)}:${port} ${/^[\w.@:-]+$/.test(login) ? login : quote(login)}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
