// The policies of a prune: each gives for one candidate whether it goes and why, in words that stand in the plan.
// Pure over the candidates; cache contract, section 7.4, and interfaces, section 5.
import path from 'node:path';
import type { PrunePlanEntry } from '../../model/cache.ts';
import { canonicalArtifacts } from '../canonicalPath.ts';
import type { Candidate } from './candidates.ts';
import type { References } from './references.ts';
import type { JobStates } from './runtime.ts';

export interface Decision {
  readonly action: PrunePlanEntry['action'];
  readonly reason: string;
}

type Decide = (candidate: Candidate) => Decision;

const remove = (reason: string): Decision => ({ action: 'remove', reason });
const keep = (reason: string): Decision => ({ action: 'keep', reason });

const DAY = 86_400;

/** Removes what was neither used nor made for that many days; stamps in the future survive. */
export function decideAge(days: number, now: number): Decide {
  const limit = Math.max(0, now - days * DAY);
  return ({ lastUsed, ahead }) => {
    if (ahead > 0) return keep(`its times lie ${duration(ahead)} in the future (a clock was ahead)`);
    const age = `not used for ${duration(now - lastUsed)}`;
    return lastUsed <= limit ? remove(age) : keep(`used ${duration(now - lastUsed)} ago`);
  };
}

/** Removes what no spec refers to and what was recorded for specs that do not need it any more. */
export function decideUnused(references: References, includeUnrecorded: boolean): Decide {
  const canonicalOf = canonicalArtifacts();
  return ({ path: file }) => {
    const key = canonicalOf(file);
    const user = references.referenced[key];
    if (user !== undefined) return keep(`referenced by ${user}`);
    if (references.unreadRecord !== undefined)
      return keep(`who uses it is not known for sure: ${references.unreadRecord} cannot be read`);
    const specs = references.recorded[key] ?? [];
    const unread = specs.find((spec) => spec in references.unreadable);
    if (unread !== undefined)
      return keep(`recorded for ${unread}, which cannot be read: ${references.unreadable[unread] ?? ''}`);
    if (specs.length > 0) return remove(`not referenced any more by ${specs.join(', ')}`);
    return includeUnrecorded
      ? remove('not referenced; its users are not recorded')
      : keep('its users are not recorded (made by another tool); --include-unrecorded removes it');
  };
}

/** Removes the least recently used until the rest fits. Pinned ones stay and count. */
export function decideBudget(
  budget: number,
  candidates: readonly Candidate[],
  pins: ReadonlySet<string>,
): Decide {
  let total = candidates.reduce((sum, { bytes }) => sum + bytes, 0);
  const chosen = new Set<Candidate>();
  const oldestFirst = candidates.toSorted((a, b) => a.lastUsed - b.lastUsed || b.bytes - a.bytes);
  for (const candidate of oldestFirst) {
    if (total <= budget) break;
    if (pins.has(path.normalize(candidate.path)) || candidate.untouchable !== undefined) continue;
    chosen.add(candidate);
    total -= candidate.bytes;
  }
  return (candidate) =>
    chosen.has(candidate) ? remove('least recently used, over the budget') : keep('fits the budget');
}

/** Removes images whose key was made by an older tool version: no prepare of this version finds them. */
export function decideOlderVersions(toolVersion: string): Decide {
  return ({ manifest, kind }) => {
    if (kind === 'dataset' || kind === 'model' || kind === 'source')
      return keep('its key does not depend on the tool version');
    if (!manifest) return keep('its tool version is not known');
    const order = compareVersions(manifest.tool_version, toolVersion);
    if (order < 0) return remove(`made by version ${manifest.tool_version}`);
    return keep(order === 0 ? 'made by this version' : `made by the newer version ${manifest.tool_version}`);
  };
}

/** Removes exactly the artifacts named, in any spelling of their directory. */
export function decideSelection(paths: readonly string[]): Decide {
  const canonicalOf = canonicalArtifacts();
  const chosen = new Set(paths.map(canonicalOf));
  return ({ path: file }) => (chosen.has(canonicalOf(file)) ? remove('selected') : keep('not selected'));
}

/** Removes images without manifest, manifests without image, damaged ones, and leftovers of dead processes. */
export function decideBroken(): Decide {
  return ({ broken }) => (broken === undefined ? keep('committed') : remove(broken));
}

/** Layers that an import may be reading just now stay. */
const LAYER_GRACE = 3600;

/** Removes enroot's downloaded layers that were not touched within an hour. */
export function decideLayers(now: number): Decide {
  return ({ lastUsed }) =>
    now - lastUsed < LAYER_GRACE
      ? keep('used within the last hour; an import may need it')
      : remove(`layer of enroot's download cache, not used for ${duration(now - lastUsed)}`);
}

/** Removes the image stores of jobs that ended for sure. */
export function decideRuntime(jobs: JobStates): Decide {
  return ({ cacheKey }) => {
    const state = jobs[cacheKey] ?? 'unknown';
    if (state === 'ended') return remove(`job ${cacheKey} has ended`);
    return keep(
      state === 'active' ? `job ${cacheKey} has not ended` : `cannot tell whether job ${cacheKey} has ended`,
    );
  };
}

/** Negative when `a` is older. Numbers count as numbers, a pre-release is older than its release. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => (text.split('+')[0] ?? '').split('-'));
  const numbers = (part: string | undefined) => (part ?? '').split('.').map(Number);
  const [first, second] = [numbers(left?.[0]), numbers(right?.[0])];
  for (let index = 0; index < Math.max(first.length, second.length); index++) {
    const difference = (first[index] ?? 0) - (second[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return Number(left?.[1] === undefined) - Number(right?.[1] === undefined);
}

function duration(seconds: number): string {
  if (seconds >= DAY) return `${Math.floor(seconds / DAY)} d`;
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 60)} min`;
}
