// The pages people read, as Markdown: what a spec asks of the cache, one entry, the report of a prune. Pure.
import type {
  CacheEntry,
  InspectArtifact,
  InspectResult,
  InspectService,
  PrunePlan,
  PrunePlanEntry,
  PruneResult,
  Why,
} from '../../../server/src/model/cache.ts';
import { formatBytes, type Units } from '../../../server/src/model/units.ts';
import { entryLabel, entryProblem, escape, GROUPS, groupOf, when } from './entryText.ts';

/** How pages write sizes and times. */
export interface PageStyle {
  readonly units: Units;
  /** Seconds since the epoch. */
  readonly now: number;
}

const VERDICTS: Readonly<Record<InspectService['current_reuse_expectation'], string>> = {
  'cache hit': '✓ Cached: the next prepare reuses it.',
  'cache miss': '○ Not prepared: the next prepare builds it.',
  'rebuild on prepare': '↻ Rebuilt by every prepare.',
  'local image present': '✓ Local image: nothing to import.',
  'local image missing': '⚠ The local image does not exist.',
  'host runtime': '✓ Runs on the host: no image needed.',
};

/** What each service of a spec starts from, whether the next prepare reuses it, and why. */
export function inspectPage(result: InspectResult, specName: string, style: PageStyle): string {
  const overview = result.services.map(
    (service) =>
      `| [${escape(service.service_name)}](#${anchor(service.service_name)}) | ${code(service.source_image)} | ${VERDICTS[service.current_reuse_expectation]} |`,
  );
  return page([
    `# ${escape(specName)}`,
    `Cache directory: ${code(result.cache_dir)}`,
    result.services.length > 1
      ? ['| Service | Image | State |', '|---|---|---|', ...overview].join('\n')
      : '',
    ...result.services.map((service) => servicePart(service, style)),
  ]);
}

function servicePart(service: InspectService, style: PageStyle): string {
  const { base_artifact: base, runtime_artifact: runtime } = service;
  const artifacts = [
    ...(base ? [{ title: 'Base image', artifact: base }] : []),
    ...(runtime.path === '' || runtime.path === base?.path
      ? []
      : [{ title: base ? 'Prepared image' : 'Image', artifact: runtime }]),
  ];
  return page([
    `## ${escape(service.service_name)}`,
    `**${VERDICTS[service.current_reuse_expectation]}**${service.note ? ` ${escape(service.note)}` : ''}`,
    facts([
      ['Image', code(service.source_image)],
      ['Registry', escape(service.base_registry ?? '')],
      ...artifacts.map(({ title, artifact }) => [title, code(artifact.path)] as const),
    ]),
    artifactTable(artifacts, style),
    whyPart(service.why),
    commandsPart(service.runtime_artifact),
  ]);
}

interface TitledArtifact {
  readonly title: string;
  readonly artifact: InspectArtifact;
}

function artifactTable(artifacts: readonly TitledArtifact[], style: PageStyle): string {
  if (artifacts.length === 0) return '';
  const rows = artifacts.map(({ title, artifact: { manifest, artifact_present } }) => {
    const created = manifest ? when(manifest.created_at, style.now) : '–';
    const used = manifest ? when(manifest.last_used_at, style.now) : '–';
    return `| ${title} | ${artifact_present ? 'yes' : 'no'} | ${created} | ${used} |`;
  });
  return ['| Artifact | On disk | Created | Last used |', '|---|---|---|---|', ...rows].join('\n');
}

function whyPart(why: readonly Why[]): string {
  if (why.length === 0) return '';
  const reasons = why.filter((one) => 'reason' in one).map((one) => `- ${escape(one.reason)}`);
  const changes = why
    .filter((one) => 'input' in one)
    .map((one) => `| ${escape(one.input)} | ${code(one.before)} | ${code(one.after)} |`);
  const table =
    changes.length > 0 ? ['| Input | Before | Now |', '|---|---|---|', ...changes].join('\n') : '';
  return page(['### Why', reasons.join('\n'), table]);
}

function commandsPart({ manifest }: InspectArtifact): string {
  if (!manifest || manifest.prepare_commands.length === 0) return '';
  return page(['### Prepare commands', fence(manifest.prepare_commands.join('\n'))]);
}

/** Everything known of one entry. */
export function entryPage(entry: CacheEntry, cacheDir: string, style: PageStyle): string {
  const problem = entry.problem ?? entryProblem(entry);
  return page([
    `# ${escape(entryLabel(entry))}`,
    problem ? `> ⚠ ${escape(problem)}` : '',
    facts([
      ['Kind', GROUPS[groupOf(entry)].one],
      ['Image', code(entry.source_image)],
      ['Registry', escape(entry.registry ?? '')],
      ['URI', code(entry.uri ?? '')],
      ['Revision', code(entry.revision ?? '')],
      ['Size on disk', formatBytes(entry.bytes, style.units)],
      ['Created', when(entry.created_at, style.now)],
      ['Last used', when(entry.last_used_at, style.now)],
      ['Services', escape(entry.service_names.join(', '))],
      ['Made by version', escape(entry.tool_version)],
      ['Pinned', entry.pinned ? 'yes' : ''],
      ['Key', code(entry.cache_key)],
      ['File', code(entry.artifact_path)],
      ['Cache directory', code(cacheDir)],
    ]),
    listPart('Recorded for', entry.used_by),
    entry.prepare_commands.length > 0
      ? page(['## Prepare commands', fence(entry.prepare_commands.join('\n'))])
      : '',
    listPart('Environment of prepare', entry.prepare_env),
    listPart('Mounts of prepare', entry.prepare_mounts),
  ]);
}

/** What a plan keeps and why, before anything is removed. */
export function planPage(plan: PrunePlan, style: PageStyle): string {
  const part = (action: PrunePlanEntry['action']) => plan.entries.filter((entry) => entry.action === action);
  return page([
    '# Prune plan',
    `Cache directory: ${code(plan.cache_dir)}`,
    `Would free ${formatBytes(plan.bytes, style.units)}. Nothing has been removed.`,
    planTable('To remove', part('remove'), plan.cache_dir, style),
    planTable('Kept', part('keep'), plan.cache_dir, style),
  ]);
}

function planTable(
  title: string,
  entries: readonly PrunePlanEntry[],
  cacheDir: string,
  style: PageStyle,
): string {
  const heading = `## ${title}: ${entries.length}`;
  if (entries.length === 0) return heading;
  const { shown, note } = largest(entries, ({ bytes }) => bytes);
  const rows = shown.map(
    (entry) =>
      `| ${code(below(entry.path, cacheDir))} | ${size(entry.bytes, style)} | ${escape(entry.reason)} |`,
  );
  return page([heading, note, ['| File | Size | Why |', '|---|---|---|', ...rows].join('\n')]);
}

/** Rows of one table: the preview of many more would hold up the whole window. */
const MOST_ROWS = 1000;

/** All of them in their order, or only the largest, and a note that says so. */
function largest<T>(
  items: readonly T[],
  bytesOf: (item: T) => number,
): { readonly shown: readonly T[]; readonly note: string } {
  if (items.length <= MOST_ROWS) return { shown: items, note: '' };
  const shown = items.toSorted((a, b) => bytesOf(b) - bytesOf(a)).slice(0, MOST_ROWS);
  return { shown, note: `The ${MOST_ROWS} largest; *Open as JSON* shows all.` };
}

/** What a prune did: removed, kept with the reason, failed with the code. */
export function reportPage(result: PruneResult, plan: PrunePlan, style: PageStyle): string {
  const planned = new Map(plan.entries.map((entry) => [entry.path, entry]));
  const bytesOf = (path: string) => planned.get(path)?.bytes ?? 0;
  const { shown, note } = largest(result.removed_paths, bytesOf);
  const removed = shown.map(
    (path) => `| ${code(below(path, plan.cache_dir))} | ${size(bytesOf(path), style)} |`,
  );
  return page([
    '# Prune report',
    `Cache directory: ${code(result.cache_dir)}`,
    `Freed ${formatBytes(result.bytes_freed, style.units)} in ${count(result.removed_count, 'entry', 'entries')}.`,
    removed.length > 0
      ? page(['## Removed', note, ['| File | Size |', '|---|---|', ...removed].join('\n')])
      : '',
    listPart(
      'Kept',
      result.skipped.map(({ path, why }) => `${path}: ${why}`),
    ),
    listPart(
      'Failed',
      result.failed.map(({ path, code: reason }) => `${below(path, plan.cache_dir)}: ${reason}`),
    ),
  ]);
}

/** `1 entry`, `12 entries`. */
export function count(value: number, one: string, many: string): string {
  return `${value} ${value === 1 ? one : many}`;
}

/** A size that a narrow column does not break. */
function size(bytes: number, { units }: PageStyle): string {
  return formatBytes(bytes, units).replace(' ', '\u00a0');
}

function below(path: string, cacheDir: string): string {
  return path.startsWith(`${cacheDir}/`) ? path.slice(cacheDir.length + 1) : path;
}

function page(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}

function facts(rows: readonly (readonly [string, string])[]): string {
  const filled = rows.filter(([, value]) => value !== '');
  return filled.map(([name, value]) => `- **${name}:** ${value}`).join('\n');
}

function listPart(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return '';
  const left = lines.length - MOST_ROWS;
  const note = left > 0 ? `${left} more; *Open as JSON* shows all.` : '';
  const shown = lines.slice(0, MOST_ROWS).map((line) => `- ${code(line)}`);
  return page([`## ${title}`, shown.join('\n'), note]);
}

/** A code span that no text breaks out of, also inside a table. */
function code(text: string): string {
  if (text === '') return '';
  const ticks = '`'.repeat(Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length)) + 1);
  const pad = ticks.length > 1 ? ' ' : '';
  return `${ticks}${pad}${text.replace(/\r?\n/g, ' ').replace(/\|/g, '\\|')}${pad}${ticks}`;
}

function fence(text: string): string {
  const ticks = '`'.repeat(Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length)) + 1);
  return `${ticks}sh\n${text}\n${ticks}`;
}

function anchor(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replace(/ /g, '-');
}
