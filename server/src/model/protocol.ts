// Names and plain shapes of what client and server say to each other beyond LSP. Shared as types: no code, no dependencies.
import type { RootfsAcquired, RootfsGcPlan, RootfsGcResult, RootfsList } from './rootfs.ts';
import type { PreflightReport } from './preflight.ts';
import type { SetupChange, SetupResult, SetupState } from './setup.ts';
import type { RendezvousPruneResult, RendezvousState } from './rendezvous.ts';
import type {
  CacheState,
  InspectResult,
  ListProblem,
  PrepareResult,
  PruneMode,
  PrunePlan,
  PruneReport,
  PruneResult,
} from './cache.ts';
import type { FailureCode, FailureData } from './failure.ts';
import type { CacheDirChoice } from './plan.ts';

/** Sent by the client in `initialize`. */
export interface InitializationOptions {
  detect?: 'content' | 'always';
  /** Template of a documentation link with `{code}`; none: no link. */
  docs?: string;
  serverCommands?: boolean;
  trusted?: boolean;
  settings?: string;
  rootfsCache?: unknown;
}

export interface CacheParams {
  uri?: string;
  cacheDir?: string;
}

/** Without `limit` the whole state comes at once; with it, that many entries of the state that the page at offset 0 read. */
export interface ListParams extends CacheParams {
  limit?: number;
  offset?: number;
}

export interface PrepareParams extends CacheParams {
  service?: string;
  force?: boolean;
  /** Where standard work-done progress goes. */
  workDoneToken?: string | number;
  /** Where every `PrepareProgress` goes, lines of the tools included. */
  partialResultToken?: string | number;
}

/** Where the cache directory of a spec comes from, and what could replace it. */
export interface ExplainResult {
  choice: CacheDirChoice;
  /** The node-local root that the directory lies in, when it does. */
  unsafeRoot: string | null;
  /** Directories that compute nodes are likely to see too, best first. */
  candidates: string[];
  /** Where the spec's text takes a new `cache_dir`: the value goes between `before` and `after`; null: it has no `x-slurm` map. */
  place: CacheDirPlace | null;
}

/** A place in a document, in LSP positions, and the text around the value to write there. */
export interface CacheDirPlace {
  range: { start: { line: number; character: number }; end: { line: number; character: number } };
  before: string;
  after: string;
}

/** `data` of an error response for an expected failure; `message` of the response is what happened. */
export interface FailureReport {
  code: FailureCode;
  hint: string;
  data: FailureData;
}

export interface InspectParams extends CacheParams {
  service?: string;
}

export interface PrunePlanParams extends CacheParams {
  mode: PruneMode;
  /** Days, for mode `age`. */
  age?: number;
  /** Bytes, for mode `budget`. */
  budget?: number;
  /** Artifact paths, for mode `selection`. */
  paths?: string[];
  includeUnrecorded?: boolean;
  /** Seconds: entries used more recently are kept. */
  grace?: number;
  /**
   * The plan lists only what it removes, and tells in `kept` how many entries and bytes stay. Default false: it names every entry
   * with its reason, which for a big cache is megabytes. Both are applied alike.
   */
  removalsOnly?: boolean;
}

export interface SetupParams extends CacheParams {
  profile?: string;
}

export interface SetupWriteParams extends SetupParams {
  change: SetupChange;
}

export interface RendezvousPruneParams extends CacheParams {
  /** Also remove files that cannot be read as records. */
  damaged?: boolean;
  /** Also remove every record of this job. */
  jobId?: string;
}

export interface PinParams {
  cacheDir: string;
  /** Artifact paths. */
  paths: string[];
  pinned: boolean;
}

export interface VerifyParams {
  cacheDir: string;
  /** Artifact paths. */
  paths: string[];
}

export interface VerifyAnswer {
  checked: number;
  problems: ListProblem[];
}

export interface PruneApplyParams {
  plan: PrunePlan;
  /** Where every `PruneProgress` goes. */
  partialResultToken?: string | number;
}

/** How far an applying prune is: entries done of all to remove, bytes freed so far. */
export interface PruneProgress {
  done: number;
  total: number;
  bytes: number;
}

/** The rootfs cache of the machine that the server runs on; not configured: the view stays hidden. */
export type RootfsState =
  | { configured: false; problems: string[] }
  | {
      configured: true;
      problems: string[];
      host: string;
      /** The server runs inside a Slurm job. */
      on_compute_node: boolean;
      /** Entries beyond those sent; the totals count them. */
      hidden_entries: number;
      list: RootfsList;
    };

export interface RootfsAcquireParams {
  /** An image, or the one of a service. */
  image?: string;
  uri?: string;
  service?: string;
}

export interface RootfsPlanParams {
  uri?: string;
  /** Exactly these entries, whatever the limits. */
  names?: string[];
  /** A budget for this once. */
  maxBytes?: number;
}

export interface RootfsGcParams {
  uri?: string;
  plan: RootfsGcPlan;
}

export interface RootfsPinParams {
  uri?: string;
  names: string[];
  pinned: boolean;
}

/** What the language server has used since it started. */
export interface Footprint {
  pid: number;
  uptime_seconds: number;
  cpu_seconds: number;
  rss_bytes: number;
  max_rss_bytes: number;
  /** Open documents that are specs. */
  specs: number;
}

/** Requests: method name -> parameters and result. */
export interface Requests {
  'hpcCompose/cache/list': { params: ListParams; result: CacheState };
  'hpcCompose/cache/inspect': { params: InspectParams; result: InspectResult };
  'hpcCompose/cache/explain': { params: CacheParams; result: ExplainResult };
  /** Gives the paths whose state changed. */
  'hpcCompose/cache/pin': { params: PinParams; result: string[] };
  'hpcCompose/cache/verify': { params: VerifyParams; result: VerifyAnswer };
  'hpcCompose/prepare': { params: PrepareParams; result: PrepareResult };
  'hpcCompose/prune/plan': { params: PrunePlanParams; result: PrunePlan };
  'hpcCompose/prune/apply': { params: PruneApplyParams; result: PruneResult };
  /** What earlier prunes of this cache did, the latest first. */
  'hpcCompose/prune/reports': { params: CacheParams; result: PruneReport[] };
  'hpcCompose/rendezvous/list': { params: CacheParams; result: RendezvousState };
  'hpcCompose/rendezvous/prune': { params: RendezvousPruneParams; result: RendezvousPruneResult };
  'hpcCompose/setup/read': { params: SetupParams; result: SetupState };
  'hpcCompose/setup/write': { params: SetupWriteParams; result: SetupResult };
  'hpcCompose/rootfs/list': { params: CacheParams; result: RootfsState };
  'hpcCompose/rootfs/acquire': { params: RootfsAcquireParams; result: RootfsAcquired };
  'hpcCompose/rootfs/gcPlan': { params: RootfsPlanParams; result: RootfsGcPlan };
  'hpcCompose/rootfs/gc': { params: RootfsGcParams; result: RootfsGcResult };
  /** Gives everything that is pinned. */
  'hpcCompose/rootfs/pin': { params: RootfsPinParams; result: string[] };
  /** Judges a document as a spec until it closes, whatever its text says. */
  'hpcCompose/treatAsSpec': { params: { uri: string }; result: null };
  'hpcCompose/footprint': { params: object; result: Footprint };
  'hpcCompose/preflight': { params: CacheParams; result: PreflightReport };
}

/** Carries the new state of one cache directory, so that views redraw without asking back. */
export const CACHE_DID_CHANGE = 'hpcCompose/cache/didChange';

/** `data` of a completion item behind which there is something to choose again. */
export const SUGGEST_AGAIN = 'suggestAgain';

/** The one argument of every lens command. */
export interface LensArgument {
  uri: string;
  service?: string;
}
