// Rules over all blocks of a spec, run again only when their facts say something new. They hand places on and never look at them,
// so findings stand while facts differ in nothing but places, as long as every block that the findings point into is still there.
import type { Finding, Span } from '../model/finding.ts';
import { lowerBound } from '../model/lowerBound.ts';
import type { BlockPlaces } from './blockPlaces.ts';
import { isSameList, sharedEnds, type Kept } from './kept.ts';
import {
  compareNames,
  sortServices,
  type Placed,
  type PlacedWith,
  type RootFacts,
  type ServiceFacts,
} from './rules/facts.ts';
import { graphOf, touchedOf, type ServiceGraph } from './serviceGraph.ts';

type FactName = keyof ServiceFacts;

/** The facts of a spec, and what is kept of looking at all of them. */
export interface Together {
  readonly root: RootFacts;
  /** In the order of the text. */
  readonly services: readonly Placed[];
  /**
   * What a group of rules finds that reads these facts of services, beside any facts of the root and the `inputs`. They are not run
   * again while what they found last still stands. `services` in the order of the text, or by name; with `about` only those of
   * which this fact tells something, for rules that have nothing to say of others.
   */
  readonly check: <K extends FactName>(
    what: string,
    reads: readonly K[],
    rules: (
      root: RootFacts,
      services: readonly PlacedWith<K>[],
      byName: () => readonly PlacedWith<K>[],
    ) => readonly Finding[],
    inputs?: readonly unknown[],
    about?: K,
  ) => readonly Finding[];
  /**
   * The same for rules that say of a service what it says itself and what those say that it waits for. Only services that may tell
   * something else are looked at again; then `before` is what was found before, and what is found now takes its place.
   */
  readonly checkEdges: <K extends FactName>(
    what: string,
    reads: readonly K[],
    rules: (
      services: readonly PlacedWith<K | 'dependencies'>[],
      graph: ServiceGraph<PlacedWith<K | 'dependencies'>>,
      before: readonly Finding[] | undefined,
    ) => readonly Finding[],
    inputs?: readonly unknown[],
  ) => readonly Finding[];
  /** What is made of these facts of services; no place may be in it. */
  readonly make: <K extends FactName, T>(
    what: string,
    reads: readonly K[],
    compute: (byName: readonly PlacedWith<K>[]) => T,
  ) => T;
}

interface State {
  readonly root: RootFacts;
  readonly services: readonly Placed[];
}

interface Result extends State {
  readonly inputs: readonly unknown[];
  /** Facts of the root that the rules asked for. */
  readonly asked: ReadonlySet<string>;
  readonly findings: readonly Finding[];
}

interface Made<T> {
  readonly services: readonly Placed[];
  readonly value: T;
}

/** These facts beside those of the states before. */
export function factsOver(
  root: RootFacts,
  services: readonly Placed[],
  kept: Kept,
  places: BlockPlaces,
): Together {
  const now = { root, services };
  const comparison = new Comparison(places);
  const byName = () => sortedOf(services, kept);
  const graph = graphOf(services, byName);
  const touchedSince = touchedOf(graph, kept);
  const lastOf = (what: string, inputs: readonly unknown[]) => {
    const before = kept.recall(what) as Result | undefined;
    return before && isSameList(before.inputs, inputs) ? before : undefined;
  };
  const isTrue = (before: Result | undefined, state: State, reads: readonly FactName[]): before is Result =>
    before !== undefined &&
    isStillTrue(before, state, comparison.saysSame(before.services, state.services, reads), comparison);
  return {
    ...now,
    check: (what, reads, rules, inputs = [], about) => {
      const before = lastOf(what, inputs);
      const state = about === undefined ? now : { root, services: servicesWith(about, services, kept) };
      const stands = isTrue(before, state, reads);
      const asked = new Set(stands ? before.asked : []);
      const findings = stands ? before.findings : rules(watched(root, asked), state.services, byName);
      kept.remember(what, { ...state, inputs, asked, findings });
      return findings;
    },
    checkEdges: (what, reads, rules, inputs = []) => {
      const before = lastOf(what, inputs);
      const find = () => {
        const touched = before && touchedSince(before.services, before.findings);
        return rules(touched ?? services, graph, touched && before.findings);
      };
      const findings = isTrue(before, now, [...reads, 'dependencies']) ? before.findings : find();
      kept.remember(what, { ...now, inputs, asked: new Set(), findings });
      return findings;
    },
    make: <K extends FactName, T>(
      what: string,
      reads: readonly K[],
      compute: (services: readonly PlacedWith<K>[]) => T,
    ) => {
      const before = kept.recall(what) as Made<T> | undefined;
      const stands = before !== undefined && comparison.saysSame(before.services, services, reads);
      const value = stands ? before.value : compute(byName());
      kept.remember(what, { services, value });
      return value;
    },
  };
}

function servicesWith(about: FactName, services: readonly Placed[], kept: Kept): readonly Placed[] {
  return kept.found(`with ${about}`, services, (one) => (one.facts[about] ? one : undefined));
}

interface Sorted {
  readonly services: readonly Placed[];
  readonly sorted: readonly Placed[];
}

/** The services by name: sorted once, then only what came is put in and what went is taken out. */
function sortedOf(services: readonly Placed[], kept: Kept): readonly Placed[] {
  const last = kept.recall('services by name') as Sorted | undefined;
  if (last?.services === services) return last.sorted;
  const sorted = (last && sortAgain(last, services)) ?? sortServices(services);
  kept.remember('services by name', { services, sorted });
  return sorted;
}

/** More changes than this are sorted anew. */
const MOST_MOVES = 20;

function sortAgain(
  { services: before, sorted }: Sorted,
  now: readonly Placed[],
): readonly Placed[] | undefined {
  const { front, back } = sharedEnds(before, now);
  const gone = before.slice(front, before.length - back);
  const come = now.slice(front, now.length - back);
  if (gone.length + come.length > MOST_MOVES) return undefined;
  const list = sorted.slice();
  for (const service of gone) {
    const at = list.indexOf(service);
    if (at < 0) return undefined;
    list.splice(at, 1);
  }
  for (const service of come) {
    const at = placeIn(list, service.facts.name);
    // Of two services with one name the text tells which is the first.
    if (list[at]?.facts.name === service.facts.name) return undefined;
    list.splice(at, 0, service);
  }
  return list;
}

/** The first place in the sorted services whose name is not before this one. */
function placeIn(sorted: readonly Placed[], name: string): number {
  return lowerBound(sorted.length, (at) => compareNames(sorted[at]?.facts.name ?? '', name) < 0);
}

/** The facts, with a note of each one that is asked for. */
function watched(root: RootFacts, asked: Set<string>): RootFacts {
  return new Proxy(root, {
    get: (facts, name) => {
      asked.add(String(name));
      return Reflect.get(facts, name) as unknown;
    },
  });
}

/** `isSame`: services say the same to the rules. */
function isStillTrue(before: Result, now: State, isSame: boolean, comparison: Comparison): boolean {
  if (!isSame) return false;
  if (before.services === now.services && before.root === now.root) return true;
  const asked = [...before.asked] as (keyof RootFacts)[];
  if (
    before.root !== now.root &&
    !asked.every((name) => comparison.isSame(before.root[name], now.root[name]))
  )
    return false;
  return before.findings.every((finding) => placesOf(finding).every(({ file }) => comparison.has(file)));
}

function placesOf({ span, related = [], fixes = [] }: Finding): Span[] {
  const edits = fixes.flatMap((fix) => fix.edits);
  return [span, ...related.map((place) => place.span), ...edits.map((edit) => edit.span)];
}

const ALWAYS_READ: readonly FactName[] = ['name', 'span'];

/** Compares facts but for where in their blocks they stand; a block that is gone was replaced by the one that is there now. */
class Comparison {
  private readonly places: BlockPlaces;
  private readonly known = new Map<readonly Placed[], ReadonlySet<string> | 'all'>();

  constructor(places: BlockPlaces) {
    this.places = places;
  }

  has(name: string): boolean {
    return this.places.has(name);
  }

  /** True when these facts of all services are the same as before. */
  saysSame(before: readonly Placed[], now: readonly Placed[], reads: readonly FactName[]): boolean {
    if (before === now) return true;
    const changed = this.known.get(before) ?? this.changeSince(before, now);
    this.known.set(before, changed);
    return changed !== 'all' && ![...ALWAYS_READ, ...reads].some((name) => changed.has(name));
  }

  /** The facts that some service tells otherwise; all where services came or went. */
  private changeSince(before: readonly Placed[], now: readonly Placed[]): ReadonlySet<string> | 'all' {
    if (before.length !== now.length) return 'all';
    const { front, back } = sharedEnds(before, now);
    const changed = new Set<string>();
    for (let index = front; index < now.length - back; index += 1) {
      const [old, next] = [before[index], now[index]];
      if (old && next && old !== next) this.addChanges(old.facts, next.facts, changed);
    }
    return changed;
  }

  private addChanges(before: ServiceFacts, now: ServiceFacts, changed: Set<string>): void {
    const names = new Set([...Object.keys(before), ...Object.keys(now)]) as Set<FactName>;
    for (const name of names) if (!this.isSame(before[name], now[name])) changed.add(name);
  }

  isSame(a: unknown, b: unknown, key = ''): boolean {
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
      if (a === b) return true;
      if (key === 'file') return typeof a === 'string' && !this.places.has(a);
      return (key === 'start' || key === 'end') && typeof a === 'number' && typeof b === 'number';
    }
    if (Array.isArray(a) !== Array.isArray(b)) return false;
    const own = Object.keys(a);
    if (own.length !== Object.keys(b).length) return false;
    return own.every(
      (name) =>
        Object.hasOwn(b, name) &&
        this.isSame((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name], name),
    );
  }
}
