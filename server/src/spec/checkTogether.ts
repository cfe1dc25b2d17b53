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

interface Result extends Together {
  readonly findings: readonly Finding[];
}

/** The findings that `compute` gives for these facts. `what` tells groups of rules apart. */
export function checkTogether(
  what: string,
  now: Together,
  kept: Kept,
  places: BlockPlaces,
  compute: () => readonly Finding[],
): readonly Finding[] {
  const before = kept.recall(what) as Result | undefined;
  const findings = before && stillTrue(before, now, places) ? before.findings : compute();
  kept.remember(what, { ...now, findings });
  return findings;
}

function stillTrue(before: Result, now: Together, places: BlockPlaces): boolean {
  if (before.root !== now.root || !isSameList(before.inputs, now.inputs)) return false;
  if (before.services.length !== now.services.length) return false;
  let isSame = true;
  for (let index = 0; index < now.services.length; index += 1) {
    const [old, facts] = [before.services[index]?.facts, now.services[index]?.facts];
    if (old === facts) continue;
    isSame = false;
    if (!old || !facts || !saysSame(old, facts)) return false;
  }
  return (
    isSame || before.findings.every((finding) => placesOf(finding).every(({ file }) => places.has(file)))
  );
}

function placesOf({ span, related = [], fixes = [] }: Finding): Span[] {
  const edits = fixes.flatMap((fix) => fix.edits);
  return [span, ...related.map((place) => place.span), ...edits.map((edit) => edit.span)];
}

/** True when two states of a service mean the same to other services; of the image only its tag does. */
function saysSame(a: ServiceFacts, b: ServiceFacts): boolean {
  const { image, ...before } = a;
  const { image: nextImage, ...now } = b;
  const tags = [image, nextImage].map((fact) => fact && tagOf(fact.value));
  return tags[0] === tags[1] && new Comparison(a.span.file, b.span.file).isSame(before, now);
}

/** Compares facts but for where in their block they stand. */
class Comparison {
  private readonly before: string;
  private readonly now: string;

  constructor(before: string, now: string) {
    this.before = before;
    this.now = now;
  }

  isSame(a: unknown, b: unknown, key = ''): boolean {
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
      if (a === b) return true;
      if (key === 'file') return a === this.before && b === this.now;
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
