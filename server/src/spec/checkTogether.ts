// Rules over all blocks of a spec, run again only when their facts say something new. They hand places on and never look at them,
// so findings stand while facts differ in nothing but places, as long as every block that the findings point into is still there.
import type { Finding, Span } from '../model/finding.ts';
import type { BlockPlaces } from './blockPlaces.ts';
import { tagOf } from './grammar/image.ts';
import { isSameList, type Kept } from './kept.ts';
import type { Placed, RootFacts, ServiceFacts } from './rules/facts.ts';

/** What rules over all blocks are given. */
export interface Together {
  readonly root: RootFacts;
  readonly services: readonly Placed[];
  /** Everything else that the rules see. */
  readonly inputs: readonly unknown[];
}

/** Runs one group of rules, unless what it found last still stands. */
export type RunGroup = (what: string, rules: (root: RootFacts) => readonly Finding[]) => readonly Finding[];

/** Runs every group. */
export const runAlways =
  (root: RootFacts): RunGroup =>
  (_what, rules) =>
    rules(root);

interface Result extends Together {
  /** Facts of the root that the rules asked for. */
  readonly asked: ReadonlySet<string>;
  readonly findings: readonly Finding[];
}

/** Groups of rules over these facts. */
export function groupsOver(now: Together, kept: Kept, places: BlockPlaces): RunGroup {
  const comparison = new Comparison(places);
  const services = new Map<readonly Placed[], ServicesChange>();
  const changeSince = (before: readonly Placed[]) => {
    const change = services.get(before) ?? comparison.services(before, now.services);
    services.set(before, change);
    return change;
  };
  return (what, rules) => {
    const before = kept.recall(what) as Result | undefined;
    const isTrue =
      before !== undefined &&
      isSameList(before.inputs, now.inputs) &&
      isStillTrue(before, now, changeSince(before.services), comparison);
    const asked = new Set(isTrue ? before.asked : []);
    const findings = isTrue ? before.findings : rules(watched(now.root, asked));
    kept.remember(what, { ...now, asked, findings });
    return findings;
  };
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

type ServicesChange = 'none' | 'places' | 'facts';

function isStillTrue(before: Result, now: Together, change: ServicesChange, comparison: Comparison): boolean {
  if (change === 'facts') return false;
  if (change === 'none' && before.root === now.root) return true;
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

/** Compares facts but for where in their blocks they stand; a block that is gone was replaced by the one that is there now. */
class Comparison {
  private readonly places: BlockPlaces;

  constructor(places: BlockPlaces) {
    this.places = places;
  }

  has(name: string): boolean {
    return this.places.has(name);
  }

  services(before: readonly Placed[], now: readonly Placed[]): ServicesChange {
    if (before === now) return 'none';
    if (before.length !== now.length) return 'facts';
    let change: ServicesChange = 'none';
    for (let index = 0; index < now.length; index += 1) {
      if (before[index] === now[index]) continue;
      const [old, next] = [before[index]?.facts, now[index]?.facts];
      change = 'places';
      if (!old || !next || !this.saysSame(old, next)) return 'facts';
    }
    return change;
  }

  /** True when two states of a service mean the same to other services; of the image only its tag does. */
  private saysSame({ image, ...before }: ServiceFacts, { image: next, ...now }: ServiceFacts): boolean {
    const [tag, nextTag] = [image, next].map((fact) => fact && tagOf(fact.value));
    return tag === nextTag && this.isSame(before, now);
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
