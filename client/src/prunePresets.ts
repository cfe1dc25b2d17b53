// The policies a prune offers, as data, and what people make of a plan: choosing other entries never changes its policy.
import type { CacheEntry, KeptByPlan, PrunePlan, PrunePlanEntry } from '../../server/src/model/cache.ts';
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

/** How much the plan keeps, whether it names that or not. */
export function keptBy(plan: PrunePlan): KeptByPlan {
  return plan.kept ?? sumOf(plan.entries.filter((entry) => entry.action === 'keep'));
}

function sumOf(entries: readonly PrunePlanEntry[]): KeptByPlan {
  return { entries: entries.length, bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** The same plan with the chosen removals alone, all else counted as kept; it can never remove more than the plan did. */
export function narrowPlan(plan: PrunePlan, chosen: ReadonlySet<string>): PrunePlan {
  const planned = removals(plan);
  const entries = planned.filter(({ path }) => chosen.has(path));
  const left = sumOf(planned.filter(({ path }) => !chosen.has(path)));
  const kept = keptBy(plan);
  return {
    ...plan,
    entries,
    bytes: sumOf(entries).bytes,
    kept: { entries: kept.entries + left.entries, bytes: kept.bytes + left.bytes },
  };
}

/**
 * The plan with everything that it keeps named, as a whole plan of the same policy names it. That one was made later: what goes
 * stays as it was, and nothing is added to it.
 */
export function withKept(plan: PrunePlan, whole: PrunePlan): PrunePlan {
  const removed = removals(plan);
  const paths = new Set(removed.map(({ path }) => path));
  const kept = whole.entries.filter(({ path }) => !paths.has(path)).map(keptEntry);
  return { ...whole, created_at: plan.created_at, entries: [...removed, ...kept], bytes: plan.bytes };
}

function keptEntry(entry: PrunePlanEntry): PrunePlanEntry {
  if (entry.action === 'keep') return entry;
  return { ...entry, action: 'keep', reason: 'not in the list: it was made before this could go' };
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
