// Makes the plan of a prune: every entry with the reason why it goes or stays. The plan is a value; applying it never asks
// the policy again, and nothing is changed here.
import path from 'node:path';
import type { KeptByPlan, PruneMode, PrunePlan, PrunePlanEntry } from '../../model/cache.ts';
import type { SkipByTimes } from '../manifestFile.ts';
import type { PackedEntries } from '../packed/packedState.ts';
import { readPinsForSure } from '../pins.ts';
import type { Ports } from '../ports.ts';
import { findLeftovers } from '../sweep.ts';
import { bigStat, bytesOfStat, cacheCandidates, fileCandidate, type Candidate } from './candidates.ts';
import { prunableCache } from './guard.ts';
import { layerCandidates } from './layers.ts';
import {
  decideAge,
  decideBroken,
  decideBudget,
  decideLayers,
  decideOlderVersions,
  decideRuntime,
  decideSelection,
  decideUnused,
  type Decision,
} from './modes.ts';
import type { References } from './references.ts';
import { runtimeCandidates, type JobStates } from './runtime.ts';

/** What to prune; plain data, so that a worker can make the plan. */
export type PruneRequest = PruneChoice & {
  readonly cacheDir: string;
  /** Seconds: entries used more recently are kept. */
  readonly grace?: number;
  readonly forceDir?: boolean;
  /** The plan lists only what it removes, and tells how much it keeps. */
  readonly removalsOnly?: boolean;
  /** Nobody will see the plan: entries that stay and sizes of manifests may be left out. */
  readonly unseen?: boolean;
};

/** A plan whose entries are text. */
export interface PackedPlan {
  readonly rest: Omit<PrunePlan, 'entries'>;
  readonly pieces: readonly PackedEntries[];
}

type PruneChoice =
  | { readonly mode: 'age'; readonly days: number }
  | { readonly mode: 'all_unused'; readonly references: References; readonly includeUnrecorded?: boolean }
  | { readonly mode: 'budget'; readonly budget: number }
  | { readonly mode: 'older_versions'; readonly toolVersion: string }
  | { readonly mode: 'selection'; readonly paths: readonly string[] }
  | { readonly mode: 'orphans' }
  | { readonly mode: 'layers' }
  | { readonly mode: 'runtime'; readonly jobs: JobStates };

type PlanPorts = Pick<Ports, 'now' | 'env'>;

/** The plan for a request. A cache that does not exist gives an empty one. Throws not-a-cache, and io for unreadable pins. */
export function planPrune(request: PruneRequest, ports: PlanPorts): Promise<PrunePlan> {
  return Promise.resolve().then(() => makePrunePlan(request, ports));
}

/** Gives the entries of a cache, and its orphans where the request may remove them. */
type Scan = (request: PruneRequest, now: number) => readonly Candidate[];

/** planPrune in one piece, for worker threads. */
export function makePrunePlan(request: PruneRequest, ports: PlanPorts, scan: Scan = scanFor): PrunePlan {
  const now = Math.floor(ports.now());
  const exists = prunableCache(request.cacheDir, request, ports) !== undefined;
  const candidates = exists ? candidatesOf(request, now, scan) : [];
  const pins = readPinsForSure(request.cacheDir);
  const decide = decisionFor(request, candidates, pins, now);
  const decided = candidates.map((candidate) => ({
    candidate,
    decision: protect(candidate, pins, request, now) ?? decide(candidate),
  }));
  const [listed, unlisted] = request.removalsOnly ? splitByAction(decided) : [decided, undefined];
  const entries = listed.map(({ candidate, decision }) => toEntry(candidate, decision, request));
  return {
    schema_version: 1,
    created_at: now,
    cache_dir: request.cacheDir,
    mode: request.mode satisfies PruneMode,
    entries,
    bytes: entries.reduce((sum, { action, bytes }) => (action === 'remove' ? sum + bytes : sum), 0),
    ...(unlisted ? { kept: sumOf(unlisted) } : {}),
  };
}

interface Decided {
  readonly candidate: Candidate;
  readonly decision: Decision;
}

function splitByAction(decided: readonly Decided[]): [removed: Decided[], kept: Decided[]] {
  const isRemoved = ({ decision }: Decided) => decision.action === 'remove';
  return [decided.filter(isRemoved), decided.filter((one) => !isRemoved(one))];
}

function sumOf(decided: readonly Decided[]): KeptByPlan {
  return {
    entries: decided.length,
    bytes: decided.reduce((sum, { candidate }) => sum + candidate.bytes, 0),
  };
}

function candidatesOf(request: PruneRequest, now: number, scan: Scan): readonly Candidate[] {
  if (request.mode === 'layers') return layerCandidates(request.cacheDir, now);
  if (request.mode === 'runtime') return runtimeCandidates(request.cacheDir, now);
  const candidates = scan(request, now);
  if (request.mode !== 'orphans') return candidates;
  return [...candidates, ...leftoverCandidates(request.cacheDir, now)];
}

const takesOrphans = ({ mode }: PruneRequest) => mode === 'selection' || mode === 'orphans';

const scanFor: Scan = (request, now) => [
  ...cacheCandidates(request.cacheDir, now, takesOrphans(request), skipFor(request, now)),
];

/** A scan for several plans that reads each cache once. */
export function scanOnce(requests: readonly PruneRequest[]): Scan {
  const read = new Map<string, readonly Candidate[]>();
  const withOrphans = requests.some(takesOrphans);
  return (request, now) => {
    const { cacheDir } = request;
    const all = read.get(cacheDir) ?? [...cacheCandidates(cacheDir, now, withOrphans)];
    read.set(cacheDir, all);
    return takesOrphans(request) ? all : all.filter(({ kind }) => kind !== 'orphan');
  };
}

/** By age, the manifest alone tells that an entry stays. */
function skipFor(request: PruneRequest, now: number): SkipByTimes | undefined {
  if (request.mode !== 'age' || !request.unseen) return undefined;
  const limit = now - request.days * 86_400;
  return (lastUsedAt, createdAt) => Math.max(lastUsedAt, createdAt) > limit;
}

function leftoverCandidates(cacheDir: string, now: number): Candidate[] {
  return findLeftovers(cacheDir)
    .map(({ path: file, reason }) => fileCandidate(file, 'orphan', reason, now))
    .filter((candidate) => candidate !== undefined);
}

function decisionFor(
  request: PruneRequest,
  candidates: readonly Candidate[],
  pins: ReadonlySet<string>,
  now: number,
): (candidate: Candidate) => Decision {
  switch (request.mode) {
    case 'age':
      return decideAge(request.days, now);
    case 'all_unused':
      return decideUnused(request.references, request.includeUnrecorded ?? false);
    case 'budget':
      return decideBudget(request.budget, candidates, pins);
    case 'older_versions':
      return decideOlderVersions(request.toolVersion);
    case 'selection':
      return decideSelection(request.paths);
    case 'orphans':
      return decideBroken();
    case 'layers':
      return decideLayers(now);
    case 'runtime':
      return decideRuntime(request.jobs);
  }
}

/** What holds in every mode: pins, the grace period, and what is not ours to remove. */
function protect(
  candidate: Candidate,
  pins: ReadonlySet<string>,
  { grace }: PruneRequest,
  now: number,
): Decision | undefined {
  if (candidate.untouchable !== undefined) return { action: 'keep', reason: candidate.untouchable };
  if (pins.size > 0 && pins.has(path.normalize(candidate.path))) return { action: 'keep', reason: 'pinned' };
  if (grace !== undefined && now - candidate.lastUsed < grace)
    return { action: 'keep', reason: 'used within the grace period' };
  return undefined;
}

/** The manifest goes with its artifact; what stays is shown by its artifact's size. */
function manifestBytes({ manifestPath }: Candidate): number {
  return manifestPath === undefined ? 0 : bytesOfStat(bigStat(manifestPath));
}

function toEntry(candidate: Candidate, decision: Decision, request: PruneRequest): PrunePlanEntry {
  const isShown = decision.action === 'remove' && !request.unseen;
  return {
    path: candidate.path,
    kind: candidate.kind,
    cache_key: candidate.cacheKey,
    ino: candidate.ino,
    mtime_ns: candidate.mtimeNs,
    bytes: candidate.bytes + (isShown ? manifestBytes(candidate) : 0),
    reason: decision.reason,
    action: decision.action,
    ...(candidate.manifest ? { last_used_at: candidate.manifest.last_used_at } : {}),
  };
}
