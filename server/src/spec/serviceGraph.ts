// Services and those that they wait for. After an edit only services that it may give something to tell are looked at: rules of this
// kind say of a service what it says itself and what those say that it waits for.
import type { Finding } from '../model/finding.ts';
import { lowerBound } from '../model/lowerBound.ts';
import { sharedEnds, type Kept } from './kept.ts';
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
  /** All services of a name. */
  readonly named: (name: string) => readonly S[];
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
  const named = (name: string): readonly S[] => {
    const sorted = byName();
    const placeOf = (isBefore: (order: number) => boolean) =>
      lowerBound(sorted.length, (at) => isBefore(compareNames(sorted[at]?.facts.name ?? '', name)));
    const start = placeOf((order) => order < 0);
    return sorted[start]?.facts.name === name
      ? sorted.slice(
          start,
          placeOf((order) => order <= 0),
        )
      : [];
  };
  const find = (name: string): S | undefined => {
    questions += 1;
    if (questions <= FEW && !table) return named(name).at(-1);
    table ??= new Map(services.map((service) => [service.facts.name, service]));
    return table.get(name);
  };
  return { services, byName, find, named };
}

/** Which services wait for a name, in no order. */
type Waiters<S> = Map<string, S[]>;

/** The waiters of one list of services; an edit makes those of the next list of them. */
interface Followed<S> {
  readonly services: readonly S[];
  readonly waiters: Waiters<S>;
}

/** More changes than this are no edit of a place. */
const MOST_CHANGES = 20;

/**
 * Tells which services may have something else to tell than in a state before: those that came, those that wait for one that came
 * or went, and those that had something to tell. Undefined where that may be any of them.
 */
export function touchedOf<S extends Waiting>(graph: ServiceGraph<S>, kept: Kept) {
  const now = graph.services;
  const changedSince = rememberLast((before: readonly S[]) => changedServices(before, now, kept));
  return (before: readonly S[], told: readonly Finding[]): readonly S[] | undefined => {
    const changed = changedSince(before);
    if (!changed || told.length > MOST_CHANGES) return undefined;
    const touched = new Set(changed);
    for (const { service } of told) for (const one of graph.named(service ?? '')) touched.add(one);
    const places = [...touched].map((service) => now.indexOf(service)).toSorted((a, b) => a - b);
    return places.flatMap((place) => now[place] ?? []);
  };
}

function rememberLast<A, R>(compute: (argument: A) => R): (argument: A) => R {
  let last: { readonly argument: A; readonly result: R } | undefined;
  return (argument) => {
    if (last?.argument !== argument) last = { argument, result: compute(argument) };
    return last.result;
  };
}

function changedServices<S extends Waiting>(
  before: readonly S[],
  now: readonly S[],
  kept: Kept,
): ReadonlySet<S> | undefined {
  const { gone, come } = changesOf(before, now);
  if (gone.length + come.length > MOST_CHANGES) return undefined;
  const waiters = waitersOf(now, kept);
  const changed = new Set(come);
  for (const { facts } of [...gone, ...come])
    for (const service of waiters.get(facts.name) ?? []) changed.add(service);
  return changed.size > MOST_CHANGES ? undefined : changed;
}

function changesOf<S>(before: readonly S[], now: readonly S[]) {
  const { front, back } = sharedEnds(before, now);
  return { gone: before.slice(front, before.length - back), come: now.slice(front, now.length - back) };
}

/** The waiters of all services, made of those of the last state. */
function waitersOf<S extends Waiting>(now: readonly S[], kept: Kept): Waiters<S> {
  const last = kept.recall('waiters') as Followed<S> | undefined;
  if (last?.services === now) return last.waiters;
  const waiters = (last && followWaiters(last, now)) ?? addWaiters(new Map(), now);
  kept.remember('waiters', { services: now, waiters });
  return waiters;
}

/** Changes the waiters of the last state, which nobody asks for any more. */
function followWaiters<S extends Waiting>({ services, waiters }: Followed<S>, now: readonly S[]) {
  const { gone, come } = changesOf(services, now);
  if (gone.length + come.length > MOST_CHANGES) return undefined;
  for (const service of gone)
    for (const { target } of service.facts.dependencies) {
      const left = waiters.get(target)?.filter((waiter) => waiter !== service) ?? [];
      if (left.length === 0) waiters.delete(target);
      else waiters.set(target, left);
    }
  return addWaiters(waiters, come);
}

function addWaiters<S extends Waiting>(waiters: Waiters<S>, services: readonly S[]): Waiters<S> {
  for (const service of services)
    for (const { target } of service.facts.dependencies) {
      const known = waiters.get(target);
      if (known) known.push(service);
      else waiters.set(target, [service]);
    }
  return waiters;
}
