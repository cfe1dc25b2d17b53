// Names and plain shapes of what client and server say to each other beyond LSP. Shared as types: no code, no dependencies.
import type { CacheState, InspectResult, PrepareResult, PruneMode, PrunePlan, PruneResult } from './cache.ts';

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

export interface PrepareParams extends CacheParams {
  service?: string;
  force?: boolean;
  workDoneToken?: string | number;
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
}

export interface PruneApplyParams {
  plan: PrunePlan;
}

/** Requests: method name -> parameters and result. */
export interface Requests {
  'hpcCompose/cache/list': { params: CacheParams; result: CacheState };
  'hpcCompose/cache/inspect': { params: InspectParams; result: InspectResult };
  'hpcCompose/prepare': { params: PrepareParams; result: PrepareResult };
  'hpcCompose/prune/plan': { params: PrunePlanParams; result: PrunePlan };
  'hpcCompose/prune/apply': { params: PruneApplyParams; result: PruneResult };
}

/** Carries the new state of one cache directory, so that views redraw without asking back. */
export const CACHE_DID_CHANGE = 'hpcCompose/cache/didChange';

/** The one argument of every lens command. */
export interface LensArgument {
  uri: string;
  service?: string;
}
