// Values that describe a cache directory: manifests, entries, and the results of list, inspect, prepare and prune.
// JSON forms are snake_case because scripts read them; each type here is exactly what `--format json` prints.

export type EntryKind = 'base' | 'prepared' | 'dataset' | 'model' | 'source' | 'unknown';

/** The commit record beside an artifact. Key order and spelling are hpc-compose's; see section 4 of the cache contract. */
export interface Manifest {
  kind: EntryKind;
  artifact_path: string;
  service_names: string[];
  cache_key: string;
  source_image: string;
  registry: string | null;
  prepare_commands: string[];
  prepare_env: string[];
  prepare_root: boolean | null;
  prepare_mounts: string[];
  force_rebuild_due_to_mounts: boolean;
  /** Seconds since the epoch. */
  created_at: number;
  /** Seconds since the epoch. */
  last_used_at: number;
  tool_version: string;
  uri?: string;
  revision?: string;
  content_digest?: string;
}

/** ok: committed. Others say what is wrong in one word; `problem` says it in a sentence. */
export type EntryState =
  'ok' | 'missing-artifact' | 'damaged-manifest' | 'moved' | 'orphan' | 'truncated' | 'being-removed';

/** One entry as the tree and `cache list --long` show it: the manifest plus what the disk says. */
export interface CacheEntry extends Manifest {
  /** Allocated bytes (disk blocks), of the whole tree for directories. */
  bytes: number;
  state: EntryState;
  problem?: string;
  pinned: boolean;
  /** Specs recorded as users of the entry, absolute paths. */
  used_by: string[];
}

export interface ListProblem {
  path: string;
  problem: string;
}

/** `bytes` is the sum over the entries; the others are what tools keep in the cache beside them. */
export interface CacheTotals {
  entries: number;
  bytes: number;
  /** enroot's layer cache. */
  layer_bytes?: number;
  /** Image stores of jobs below `runtime/`. */
  runtime_bytes?: number;
}

export interface CacheState {
  schema_version: 1;
  cache_dir: string;
  exists: boolean;
  entries: CacheEntry[];
  /** Offset of the next page of entries, when these are not all; `totals` counts all. */
  next?: number;
  problems: ListProblem[];
  totals: CacheTotals;
  /** Bytes free to this user on the file system, or null when it cannot be known. */
  free_bytes: number | null;
}

/** A cache as a whole, without its entries. */
export type CacheSummary = Omit<CacheState, 'entries' | 'next'>;

export interface InspectArtifact {
  path: string;
  artifact_present: boolean;
  manifest_path: string;
  manifest: Manifest | null;
}

export type ReuseExpectation =
  | 'cache hit'
  | 'cache miss'
  | 'rebuild on prepare'
  | 'local image present'
  | 'local image missing'
  | 'host runtime';

/** One reason why an artifact is not reused: an input that changed, or a plain sentence. */
export type Why = { input: string; before: string; after: string } | { reason: string };

export interface InspectService {
  service_name: string;
  source_image: string;
  base_registry: string | null;
  base_artifact: InspectArtifact | null;
  runtime_artifact: InspectArtifact;
  current_reuse_expectation: ReuseExpectation;
  note: string | null;
  why: Why[];
}

export interface InspectResult {
  schema_version: 1;
  cache_dir: string;
  services: InspectService[];
}

export type PrepareAction = 'built' | 'reused' | 'present' | 'failed' | 'skipped';

export interface PrepareArtifactResult {
  path: string;
  action: PrepareAction;
  note: string | null;
  error?: { code: string; message: string };
}

export interface PrepareServiceResult {
  service_name: string;
  base_image: PrepareArtifactResult | null;
  runtime_image: PrepareArtifactResult;
}

export interface PrepareResult {
  schema_version: 1;
  services: PrepareServiceResult[];
}

/** One step of a running prepare, for progress lines and the lens. `fraction` is absent when it cannot be known. */
export interface PrepareProgress {
  service: string;
  phase: 'waiting' | 'import' | 'create' | 'command' | 'export' | 'publish' | 'done' | 'failed';
  message: string;
  fraction?: number;
  /** One line of the tool's own output. */
  line?: string;
}

export type PruneMode =
  'age' | 'all_unused' | 'budget' | 'older_versions' | 'orphans' | 'selection' | 'layers' | 'runtime';

export interface PrunePlanEntry {
  path: string;
  kind: EntryKind | 'orphan' | 'layer' | 'runtime';
  cache_key: string;
  ino: string;
  mtime_ns: string;
  bytes: number;
  reason: string;
  action: 'remove' | 'keep';
  /** Of the manifest, when there is one: applying skips what was used since. */
  last_used_at?: number;
}

/** What a prune would do. Saved, shown and applied as this very value; apply never consults the policy again. */
export interface PrunePlan {
  schema_version: 1;
  created_at: number;
  cache_dir: string;
  mode: PruneMode;
  entries: PrunePlanEntry[];
  /** Sum over the entries to remove. */
  bytes: number;
  /** What stays, where `entries` names only what goes. */
  kept?: KeptByPlan;
}

/** Entries that a plan keeps without naming them, and their bytes on disk. */
export interface KeptByPlan {
  entries: number;
  bytes: number;
}

export interface PruneResult {
  schema_version: 1;
  cache_dir: string;
  mode: PruneMode;
  removed_count: number;
  removed_paths: string[];
  skipped: { path: string; why: string }[];
  /** `message` where the code alone does not say what happened. */
  failed: { path: string; code: string; message?: string }[];
  bytes_freed: number;
}

/** What is kept of an applied prune for 30 days. */
export interface PruneReport {
  schema_version: 1;
  /** Seconds since the epoch. */
  created_at: number;
  plan: PrunePlan;
  result: PruneResult;
}
