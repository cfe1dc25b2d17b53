// Which entries specs refer to, as canonical paths: those given and those that prepare recorded for this cache.
// A spec that cannot be read protects everything that was recorded for it.
import path from 'node:path';
import { OperationFailure } from '../../model/failure.ts';
import type { CachePlan } from '../../model/plan.ts';
import { readRegistry, unreadableRecord } from '../registry.ts';
import { canonicalPath } from '../canonicalPath.ts';

/** A spec as it is now; `also` is how it reads with other settings that may be meant. */
export type SpecState =
  | { readonly plan: CachePlan; readonly also?: readonly CachePlan[] }
  | { readonly gone: true }
  | { readonly unreadable: string };

/** What a prune of unused entries must know; plain data. */
export interface References {
  /** Canonical artifact path -> the spec that refers to it. */
  readonly referenced: Readonly<Record<string, string>>;
  /** Canonical artifact path -> specs recorded for it. */
  readonly recorded: Readonly<Record<string, readonly string[]>>;
  /** Spec -> why it cannot be read. */
  readonly unreadable: Readonly<Record<string, string>>;
  /** A record of uses that cannot be read: it may be about any entry. */
  readonly unreadRecord?: string;
}

/**
 * Joins the plans given with every spec recorded for the cache. `loadSpec` gives the present state of a recorded spec.
 * Throws usage when no given spec uses this cache: all of it would look unused.
 */
export async function resolveReferences(
  cacheDir: string,
  plans: readonly CachePlan[],
  loadSpec: (specPath: string) => Promise<SpecState>,
): Promise<References> {
  const here = canonicalPath(cacheDir);
  assertSameCache(here, plans);
  const referenced: Record<string, string> = {};
  const unreadable: Record<string, string> = {};
  for (const plan of plans) addReferences(referenced, plan);
  const given = new Set(plans.map(({ specPath }) => canonicalPath(specPath)));
  const registry = readRegistry(here);
  for (const spec of registry.keys()) {
    if (given.has(canonicalPath(spec))) continue;
    const state = await loadSpec(spec);
    if ('plan' in state)
      [state.plan, ...(state.also ?? [])].forEach((plan) => addReferences(referenced, plan));
    else if ('unreadable' in state) unreadable[spec] = state.unreadable;
  }
  const unreadRecord = unreadableRecord(here);
  const known = { referenced, recorded: recordedSpecs(registry), unreadable };
  return unreadRecord === undefined ? known : { ...known, unreadRecord };
}

function assertSameCache(here: string, plans: readonly CachePlan[]): void {
  const places = plans.map((plan) => canonicalPath(plan.cacheDir.path));
  if (plans.length === 0 || places.includes(here)) return;
  const specs = plans.map((plan, index) => `${plan.specPath} uses ${places[index] ?? ''}`).join('; ');
  throw new OperationFailure('usage', {
    cause: `no given spec uses the cache ${here}, so all of it would count as unused: ${specs}`,
  });
}

function addReferences(referenced: Record<string, string>, plan: CachePlan): void {
  for (const artifact of referencedArtifacts(plan)) referenced[canonicalArtifact(artifact)] ??= plan.specPath;
}

/** Runtime images, bases of remote services and staged inputs: what a job of this plan needs. */
export function referencedArtifacts(plan: CachePlan): string[] {
  const images = plan.services.flatMap(({ base, runtimePath }) => [base?.path ?? '', runtimePath]);
  return [...images, ...plan.stagedInputs.map((input) => input.path)].filter((file) => file !== '');
}

/** Path with its directory canonical; the artifact itself may be a link, and stays one. */
export function canonicalArtifact(file: string): string {
  return path.join(canonicalPath(path.dirname(file)), path.basename(file));
}

function recordedSpecs(registry: ReadonlyMap<string, ReadonlySet<string>>): Record<string, string[]> {
  const recorded: Record<string, string[]> = {};
  for (const [spec, artifacts] of registry) {
    for (const artifact of artifacts) (recorded[canonicalArtifact(artifact)] ??= []).push(spec);
  }
  return recorded;
}
