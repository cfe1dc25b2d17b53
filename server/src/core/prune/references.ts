// Which entries specs refer to, as canonical paths: those given and those that prepare recorded for this cache.
// A spec that cannot be read protects everything that was recorded for it.
import { OperationFailure } from '../../model/failure.ts';
import type { CachePlan } from '../../model/plan.ts';
import { canonicalArtifacts, canonicalPath } from '../canonicalPath.ts';
import { lookAtUses, type RecordedUses } from '../registry.ts';
import { finishInSlices, restEvery } from '../restEvery.ts';

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
  const canonicalOf = canonicalArtifacts();
  const refer = (plan: CachePlan) => {
    for (const artifact of referencedArtifacts(plan)) referenced[canonicalOf(artifact)] ??= plan.specPath;
  };
  const rest = restEvery();
  for (const plan of plans) {
    // Making the plan was a slice of its own.
    await rest.take();
    refer(plan);
  }
  const given = new Set(plans.map(({ specPath }) => canonicalPath(specPath)));
  const { specs, unread } = await finishInSlices(lookAtUses(here));
  for (const spec of specs.keys()) {
    if (given.has(canonicalPath(spec))) continue;
    const state = await loadSpec(spec);
    if ('plan' in state) [state.plan, ...(state.also ?? [])].forEach(refer);
    else if ('unreadable' in state) unreadable[spec] = state.unreadable;
  }
  const recorded = await finishInSlices(recordedSpecs(specs, canonicalOf));
  const known = { referenced, recorded, unreadable };
  return unread === undefined ? known : { ...known, unreadRecord: unread };
}

function assertSameCache(here: string, plans: readonly CachePlan[]): void {
  const places = plans.map((plan) => canonicalPath(plan.cacheDir.path));
  if (plans.length === 0 || places.includes(here)) return;
  const specs = plans.map((plan, index) => `${plan.specPath} uses ${places[index] ?? ''}`).join('; ');
  throw new OperationFailure('usage', {
    cause: `no given spec uses the cache ${here}, so all of it would count as unused: ${specs}`,
  });
}

/** Runtime images, bases of remote services and staged inputs: what a job of this plan needs. */
export function referencedArtifacts(plan: CachePlan): string[] {
  const images = plan.services.flatMap(({ base, runtimePath }) => [base?.path ?? '', runtimePath]);
  return [...images, ...plan.stagedInputs.map((input) => input.path)].filter((file) => file !== '');
}

/** Specs by canonical artifact, one spec a step. */
function* recordedSpecs(
  specs: RecordedUses['specs'],
  canonicalOf: (file: string) => string,
): Generator<undefined, Record<string, string[]>> {
  const recorded: Record<string, string[]> = {};
  for (const [spec, artifacts] of specs) {
    for (const artifact of artifacts) (recorded[canonicalOf(artifact)] ??= []).push(spec);
    yield;
  }
  return recorded;
}
