// Words for cache entries: labels, descriptions, tooltips, what a screen reader says. Pure, so that tests read them.
import type { CacheEntry, EntryKind, EntryState } from '../../../server/src/model/cache.ts';
import { formatAgo, formatBytes, speakAgo, type Units } from '../../../server/src/model/units.ts';

export type EntryGroup = EntryKind | 'orphan';

interface GroupWords {
  readonly title: string;
  readonly one: string;
  /** Name of a product icon. */
  readonly icon: string;
}

/** Titles in the order in which the tree shows the groups. */
export const GROUPS: Readonly<Record<EntryGroup, GroupWords>> = {
  prepared: { title: 'Prepared images', one: 'prepared image', icon: 'layers' },
  base: { title: 'Base images', one: 'base image', icon: 'package' },
  dataset: { title: 'Datasets', one: 'dataset', icon: 'database' },
  model: { title: 'Models', one: 'model', icon: 'symbol-class' },
  source: { title: 'Source snapshots', one: 'source snapshot', icon: 'file-zip' },
  unknown: { title: 'Other', one: 'other entry', icon: 'file' },
  orphan: { title: 'Orphans', one: 'file without a manifest', icon: 'trash' },
};

const STATES: Readonly<Record<EntryState, string>> = {
  ok: '',
  'missing-artifact': 'image file is missing',
  'damaged-manifest': 'manifest is damaged',
  moved: 'made for another path',
  orphan: 'no manifest',
  truncated: 'image file has the wrong size',
  'being-removed': 'removal was interrupted',
};

/** The group that an entry is shown in when grouped by kind. */
export function groupOf(entry: CacheEntry): EntryGroup {
  return entry.state === 'orphan' ? 'orphan' : entry.kind;
}

/** `pytorch 24.05-py3` for `docker://nvcr.io/nvidia/pytorch:24.05-py3`; the file name when there is no image. */
export function entryLabel(entry: CacheEntry): string {
  const source = entry.source_image || entry.uri || '';
  const last = baseName(source.replace(/\/+$/, ''));
  if (last === '') return baseName(entry.artifact_path);
  const digest = /^([^@]+)@(?:\w+:)?([0-9a-f]{12})/.exec(last);
  if (digest) return `${digest[1] ?? ''} @${digest[2] ?? ''}`;
  const tag = /^(.+):([^:]+)$/.exec(last);
  return tag ? `${tag[1] ?? ''} ${tag[2] ?? ''}` : last;
}

const LONGEST_TAG = 20;
const LONGEST_PATH = 32;

/** The label with a long tag elided in its middle, so that the size beside it stays in sight. */
export function shortLabel(entry: CacheEntry): string {
  const label = entryLabel(entry);
  const [name = '', tag = ''] = label.split(' ');
  if (tag.length <= LONGEST_TAG) return label;
  return `${name} ${tag.slice(0, 11)}…${tag.slice(-7)}`;
}

/** What is wrong with the entry in a few words, or the empty string. */
export function entryProblem(entry: CacheEntry): string {
  return STATES[entry.state];
}

/** `6.1 GiB · used 3 d ago · app, worker`; a problem comes first. */
export function entryDescription(entry: CacheEntry, now: number, units: Units): string {
  const parts = [entryProblem(entry), formatBytes(entry.bytes, units)];
  if (entry.last_used_at > 0) parts.push(`used ${formatAgo(entry.last_used_at, now)}`);
  parts.push(entry.service_names.join(', '));
  if (entry.pinned) parts.push('pinned');
  return parts.filter((part) => part !== '').join(' · ');
}

/** The entry as a sentence, for screen readers. */
export function entrySpoken(entry: CacheEntry, now: number, units: Units): string {
  const specs = entry.used_by.length;
  const parts = [
    entryLabel(entry),
    GROUPS[groupOf(entry)].one,
    entryProblem(entry),
    formatBytes(entry.bytes, units),
    entry.last_used_at > 0 ? `used ${speakAgo(entry.last_used_at, now)}` : '',
    entry.service_names.length > 0 ? `services ${entry.service_names.join(', ')}` : '',
    specs > 0 ? `recorded for ${specs} ${specs === 1 ? 'spec' : 'specs'}` : '',
    entry.pinned ? 'pinned' : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/** Lines of the tooltip in Markdown, values escaped. */
export function entryTooltip(entry: CacheEntry, now: number, units: Units): string {
  const rows: [string, string][] = [
    ['Image', entry.source_image],
    ['Kind', GROUPS[groupOf(entry)].one],
    ['Size on disk', formatBytes(entry.bytes, units)],
    ['Created', when(entry.created_at, now)],
    ['Last used', when(entry.last_used_at, now)],
    ['Services', entry.service_names.join(', ')],
    ['Recorded for', entry.used_by.join(', ')],
    ['Made by version', entry.tool_version],
    ['Key', entry.cache_key],
    ['File', entry.artifact_path],
  ];
  const table = rows
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `**${name}:** ${escape(value)}`);
  const problem = entry.problem ?? entryProblem(entry);
  return [...(problem ? [`$(warning) ${escape(problem)}`] : []), ...table].join('  \n');
}

/** `2026-03-01 14:05 (3 d ago)`, or the empty string when the time is not known. */
export function when(moment: number, now: number): string {
  if (moment <= 0) return '';
  const date = new Date(moment * 1000);
  const pad = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())} (${formatAgo(moment, now)})`;
}

/** A directory in little room: HOME as `~`, and of a long path the last two names. */
export function shortPath(path: string, home: string | undefined): string {
  const inHome = home !== undefined && home !== '' && path.startsWith(`${home}/`);
  const text = inHome ? `~${path.slice(home.length)}` : path;
  if (text.length <= LONGEST_PATH) return text;
  return `…/${text.split('/').slice(-2).join('/')}`;
}

/** Makes text harmless inside Markdown, tables included. */
export function escape(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+!|<>~$&]/g, '\\$&').replace(/\r?\n/g, ' ');
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
