// Services and those that they wait for. After an edit only services that it may give something to tell are looked at: rules of this
// kind say of a service what it says itself and what those say that it waits for.
import type { Finding } from '../model/finding.ts';
import { lowerBound } from '../model/lowerBound.ts';
import { sharedEnds } from './kept.ts';
import { compareNames, type PlacedWith } from './rules/facts.ts';

/** A service as far as its place in the graph goes. */
export type Waiting = PlacedWith<'dependencies'>;

/** All services of a spec. */
export interface ServiceGraph<S> {
  /** In the order of the text. */
  readonly services: readonly S[];
  readonly byName: () => readonly S[];
  /** The service of a name; the last one in the text where several have it. */
  readonly find: (name: string) => S | undefined;
}

/** A table of all services pays from so many questions on; after most edits there are a few. */
const FEW = 64;

/** The graph of these services. */
export function graphOf<S extends PlacedWith<never>>(
  services: readonly S[],
  byName: () => readonly S[],
): ServiceGraph<S> {
  let table: Map<string, S> | undefined;
  let questions = 0;
  const search = (name: string): S | undefined => {
    const sorted = byName();
    const at = lowerBound(sorted.length, (place) => compareNames(sorted[place]?.facts.name ?? '', name) <= 0);
    const found = sorted[at - 1];
    return found?.facts.name === name ? found : undefined;
  };
  const find = (name: string): S | undefined => {
    questions += 1;
    if (questions <= FEW && !table) return search(name);
    table ??= new Map(services.map((service) => [service.facts.name, service]));
    return table.get(name);
  };
  return { services, byName, find };
}

/** More changes than this are no edit of a place. */
const MOST_CHANGES = 20;

/** The services that came, and those that wait for one that came or went. Undefined where that may be any of them. */
function changedServices<S extends Waiting>(
  before: readonly S[],
  now: readonly S[],
): ReadonlySet<S> | undefined {
  const { front, back } = sharedEnds(before, now);
  const come = now.slice(front, now.length - back);
  const changed = [...before.slice(front, before.length - back), ...come];
  if (changed.length > MOST_CHANGES) return undefined;
  const names = new Set(changed.map(({ facts }) => facts.name));
  const touched = new Set(come);
  // A loop: this is the look at all services that is left.
  for (const service of now)
    for (const { target } of service.facts.dependencies) if (names.has(target)) touched.add(service);
  return touched;
}

/**
 * Tells which services may have something else to tell than in a state before, in the order of the text: those that came, those that
 * wait for one that came or went, and those that had something to tell. Undefined where that may be any of them.
 */
export function touchedOf<S extends Waiting>(now: readonly S[]) {
  const known = new Map<readonly S[], ReadonlySet<S> | undefined>();
  return (before: readonly S[], told: readonly Finding[]): readonly S[] | undefined => {
    if (!known.has(before)) known.set(before, changedServices(before, now));
    const changed = known.get(before);
    if (changed?.size === 0 && told.length === 0) return [];
    const telling = new Set(told.map(({ service }) => service));
    return changed && now.filter((service) => changed.has(service) || telling.has(service.facts.name));
  };
}
