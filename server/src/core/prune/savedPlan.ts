// Reads a prune plan that was saved as JSON: everything that applying relies on is checked, nothing else is believed.
import type { PruneMode, PrunePlan, PrunePlanEntry } from '../../model/cache.ts';

const MODES: ReadonlySet<string> = new Set<PruneMode>([
  'age',
  'all_unused',
  'budget',
  'older_versions',
  'orphans',
  'selection',
  'layers',
  'runtime',
]);

const KINDS: ReadonlySet<string> = new Set<PrunePlanEntry['kind']>([
  'base',
  'prepared',
  'dataset',
  'model',
  'source',
  'unknown',
  'orphan',
  'layer',
  'runtime',
]);

/** The plan, or a sentence that says why the text is none. */
export function parsePrunePlan(text: string): PrunePlan | string {
  let value: Partial<PrunePlan> | null;
  try {
    value = JSON.parse(text) as Partial<PrunePlan> | null;
  } catch (error) {
    return `it is no valid JSON: ${(error as Error).message}`;
  }
  if (typeof value !== 'object' || value === null) return 'it is no object';
  if (value.schema_version !== 1) return `its schema_version is ${String(value.schema_version)}, not 1`;
  if (typeof value.cache_dir !== 'string' || value.cache_dir === '') return 'cache_dir is missing';
  if (typeof value.created_at !== 'number') return 'created_at is missing';
  if (!MODES.has(String(value.mode))) return `its mode is ${String(value.mode)}`;
  if (!Array.isArray(value.entries)) return 'entries is missing';
  const entries = (value.entries as (Partial<PrunePlanEntry> | null)[]).map(withTexts);
  const bad = entries.findIndex((entry) => !isEntry(entry));
  return bad < 0 ? ({ ...value, entries } as PrunePlan) : `entry ${bad + 1} is incomplete`;
}

/** Programs that edit a plan may have made numbers of its two long numbers. */
function withTexts(entry: Partial<PrunePlanEntry> | null): Partial<PrunePlanEntry> | null {
  if (typeof entry !== 'object' || entry === null) return entry;
  const { ino, mtime_ns } = entry as { ino?: unknown; mtime_ns?: unknown };
  return {
    ...entry,
    ...(typeof ino === 'number' ? { ino: String(ino) } : {}),
    ...(typeof mtime_ns === 'number' ? { mtime_ns: String(mtime_ns) } : {}),
  };
}

function isEntry(entry: Partial<PrunePlanEntry> | null): boolean {
  if (typeof entry !== 'object' || entry === null) return false;
  const texts = [entry.path, entry.kind, entry.cache_key, entry.ino, entry.mtime_ns];
  return (
    texts.every((item) => typeof item === 'string') &&
    KINDS.has(String(entry.kind)) &&
    (entry.action === 'remove' || entry.action === 'keep')
  );
}
