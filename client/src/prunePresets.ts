// The policies a prune offers, as data, and what people make of a plan: choosing other entries never changes its policy.
import type { CacheEntry, PrunePlan, PrunePlanEntry } from '../../server/src/model/cache.ts';
import type { PrunePlanParams } from '../../server/src/model/protocol.ts';
import { formatBytes, type Units } from '../../server/src/model/units.ts';
import { entryLabel, GROUPS } from './views/entryText.ts';
import { count } from './views/pages.ts';

export interface PruneSettings {
  readonly ageDays: number;
  readonly graceSeconds: number;
  readonly budgetBytes: number | undefined;
}

export interface Preset {
  readonly title: string;
  readonly params: PrunePlanParams;
}

/** The policies to choose from, in the order shown. */
export function presets(settings: PruneSettings, units: Units): Preset[] {
  const grace = settings.graceSeconds;
  const days = settings.ageDays;
  const budget = settings.budgetBytes;
  return [
    { title: `Not used for ${count(days, 'day', 'days')}`, params: { mode: 'age', age: days, grace } },
    { title: 'Not referenced by any known spec', params: { mode: 'all_unused', grace } },
    ...(budget === undefined
      ? []
      : [
          {
            title: `Fit ${formatBytes(budget, units)}, least recently used first`,
            params: { mode: 'budget', budget, grace } as const,
          },
        ]),
    { title: 'Broken and orphaned', params: { mode: 'orphans', grace } },
    { title: 'Made by older tool versions', params: { mode: 'older_versions', grace } },
  ];
}

/** `12 entries · 18.4 GiB`, or that there is nothing to remove. */
export function planSummary(plan: PrunePlan, units: Units): string {
  const removed = removals(plan).length;
  return removed === 0
    ? 'nothing to remove'
    : `${count(removed, 'entry', 'entries')} · ${formatBytes(plan.bytes, units)}`;
}

/** The entries that the plan removes. */
export function removals(plan: PrunePlan): PrunePlanEntry[] {
  return plan.entries.filter((entry) => entry.action === 'remove');
}

const TYPED_FROM_BYTES = 500e9;

/** True when so much goes that the last question is answered by typing. */
export function needsTyping({ bytes }: PrunePlan): boolean {
  return bytes > TYPED_FROM_BYTES;
}

/** The same plan with only the chosen paths removed; it can never remove more than the plan did. */
export function narrowPlan(plan: PrunePlan, chosen: ReadonlySet<string>): PrunePlan {
  const entries = plan.entries.map((entry) =>
    entry.action === 'remove' && !chosen.has(entry.path)
      ? { ...entry, action: 'keep' as const, reason: 'not selected' }
      : entry,
  );
  const bytes = entries.reduce((sum, entry) => sum + (entry.action === 'remove' ? entry.bytes : 0), 0);
  return { ...plan, entries, bytes };
}

/** What rebuilding a removed entry costs; entries are listed under these headings. */
export function costOf(entry: PrunePlanEntry): string {
  switch (entry.kind) {
    case 'prepared':
      return 'Built again from the base image when needed';
    case 'base':
    case 'dataset':
    case 'model':
      return 'Downloaded again when needed';
    default:
      return 'Left over';
  }
}

/** Entries of a cache by the path of what they hold. */
export type KnownEntries = ReadonlyMap<string, CacheEntry>;

/** Name of an entry of a plan: that of the cache entry where one is known, else its file name. */
export function planLabel(entry: PrunePlanEntry, known: KnownEntries): string {
  const match = known.get(entry.path);
  return match ? entryLabel(match) : entry.path.slice(entry.path.lastIndexOf('/') + 1);
}

function kindName({ kind }: PrunePlanEntry): string {
  return kind === 'layer' ? 'image layer' : kind === 'runtime' ? 'job directory' : GROUPS[kind].one;
}

/** The detail of the last question: where, the five largest, what coming back costs. */
export function confirmDetail(plan: PrunePlan, known: KnownEntries, units: Units): string {
  const removed = removals(plan).sort((a, b) => b.bytes - a.bytes);
  const top = removed
    .slice(0, 5)
    .map((entry) => `• ${planLabel(entry, known)}, ${kindName(entry)} (${formatBytes(entry.bytes, units)})`);
  const others = removed.length > top.length ? [`… and ${removed.length - top.length} more`] : [];
  const downloads = removed.filter((entry) => costOf(entry).startsWith('Downloaded'));
  const size = downloads.reduce((sum, entry) => sum + entry.bytes, 0);
  const cost =
    downloads.length === 0
      ? []
      : [
          `Getting them back needs ${count(downloads.length, 'download', 'downloads')} (≈ ${formatBytes(size, units)}).`,
        ];
  return [plan.cache_dir, '', ...top, ...others, '', ...cost, 'This cannot be undone.'].join('\n');
}
