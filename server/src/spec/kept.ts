// Results that outlive one analysis. A result belongs to a node of the tree and stands as long as everything else that it was
// made from is the very same value; nodes are immutable and never change their text, so nothing has to be thrown away.
import { isSameValue } from './sameValue.ts';

export interface Kept {
  /** What `compute` gives for this node; it is not called again while all `inputs` are the same values. */
  readonly of: <T>(what: string, node: object, inputs: readonly unknown[], compute: () => T) => T;
  /** The same for each item of a list; quick where the list is the last one but for a stretch. */
  readonly each: <I extends object, R>(
    what: string,
    items: readonly I[],
    inputs: readonly unknown[],
    compute: (item: I) => R,
  ) => readonly R[];
  /** The same for what costs less than looking it up: made anew for all but what the list shares with the last one at both ends. */
  readonly map: <I, R>(what: string, items: readonly I[], compute: (item: I) => R) => readonly R[];
  /**
   * As `map`, but only the results that are there: for lists of which few have one. The very same list where none is another one;
   * all made anew where an input is another value.
   */
  readonly found: <I, R>(
    what: string,
    items: readonly I[],
    compute: (item: I) => R | undefined,
    inputs?: readonly unknown[],
  ) => readonly R[];
  /** The value of the last analysis under this name where the new one says the same, so that it can be an input. */
  readonly steady: <T>(what: string, value: T, isSame?: (before: T, now: T) => boolean) => T;
  /** What the last analysis left under this name. */
  readonly recall: (what: string) => unknown;
  readonly remember: (what: string, value: unknown) => void;
}

/** Keeps nothing: every result is computed. */
export const NOTHING_KEPT: Kept = {
  of: (_what, _node, _inputs, compute) => compute(),
  each: (_what, items, _inputs, compute) => items.map((item) => compute(item)),
  map: (_what, items, compute) => items.map((item) => compute(item)),
  found: (_what, items, compute) => definedOf(items.map((item) => compute(item))),
  steady: (_what, value) => value,
  recall: () => undefined,
  remember: () => undefined,
};

interface Entry {
  readonly inputs: readonly unknown[];
  readonly value: unknown;
}

interface Row extends Entry {
  readonly items: readonly unknown[];
  readonly value: readonly unknown[];
}

/** Which results of a list are there. */
interface Found {
  readonly all: readonly unknown[];
  readonly found: readonly unknown[];
}

/** Thrown to leave an analysis that takes too long; what was found until then is kept, so the next try comes further. */
export class Paused extends Error {
  constructor() {
    super('paused');
  }
}

/** Keeps results of the successive states of one document. `isOver` is asked after each new item of a list whether to pause. */
export function keepResults(isOver: () => boolean = () => false): Kept {
  const results = new Map<string, WeakMap<object, Entry>>();
  const values = new Map<string, unknown>();
  const resultsOf = (what: string) => {
    const known = results.get(what) ?? new WeakMap<object, Entry>();
    results.set(what, known);
    return known;
  };
  const of = <T>(what: string, node: object, inputs: readonly unknown[], compute: () => T): T => {
    const known = resultsOf(what);
    const last = known.get(node);
    if (last && isSameList(last.inputs, inputs)) return last.value as T;
    const value = compute();
    known.set(node, { inputs, value });
    return value;
  };
  const rows = new Map<string, Row>();
  const finds = new Map<string, Found>();
  const endsOf = rememberEnds();
  const map = <I, R>(
    what: string,
    items: readonly I[],
    compute: (item: I) => R,
    inputs: readonly unknown[] = [],
  ): readonly R[] => {
    const known = rows.get(what);
    const last = known && isSameList(known.inputs, inputs) ? known : undefined;
    const fill = compute as (item: unknown) => R;
    const value = last ? patch(last, items, fill, endsOf) : items.map((item) => compute(item));
    rows.set(what, { items, inputs, value });
    return value as readonly R[];
  };
  return {
    of,
    map,
    found: <I, R>(
      what: string,
      items: readonly I[],
      compute: (item: I) => R | undefined,
      inputs?: readonly unknown[],
    ): readonly R[] => {
      const all = map(what, items, compute, inputs);
      const last = finds.get(what);
      if (last?.all === all) return last.found as readonly R[];
      const found = definedOf(all);
      finds.set(what, { all, found });
      return found;
    },
    each: <I extends object, R>(
      what: string,
      items: readonly I[],
      inputs: readonly unknown[],
      compute: (item: I) => R,
    ): readonly R[] => {
      const known = rows.get(what);
      const last = known && isSameList(known.inputs, inputs) ? known : undefined;
      const fill = (item: I) => {
        let isNew = false as boolean;
        const result = of(what, item, inputs, () => ((isNew = true), compute(item)));
        // Only items are new values for sure once: anything else may be made again by each try, which would never end.
        if (isNew && isOver()) throw new Paused();
        return result;
      };
      const value = last ? patch(last, items, fill, endsOf) : items.map((item) => fill(item));
      rows.set(what, { items, inputs, value });
      return value as readonly R[];
    },
    steady: <T>(what: string, value: T, isSame: (before: T, now: T) => boolean = isSameValue): T => {
      const before = values.get(what) as T | undefined;
      if (before !== undefined && isSame(before, value)) return before;
      values.set(what, value);
      return value;
    },
    recall: (what) => values.get(what),
    remember: (what, value) => void values.set(what, value),
  };
}

function definedOf<R>(results: readonly (R | undefined)[]): readonly R[] {
  return results.filter((result) => result !== undefined);
}

/** sharedEnds, which many results of the same lists ask for one after the other. */
function rememberEnds(): typeof sharedEnds {
  let last: { before: readonly unknown[]; now: readonly unknown[]; ends: Ends } | undefined;
  return (before, now) => {
    if (last?.before !== before || last.now !== now) last = { before, now, ends: sharedEnds(before, now) };
    return last.ends;
  };
}

/** The results of a list that shares its beginning and its end with the last one; the very same list where no result is another one. */
function patch<I>(
  last: Row,
  items: readonly I[],
  fill: (item: I) => unknown,
  endsOf: typeof sharedEnds,
): readonly unknown[] {
  if (last.items === items) return last.value;
  const { front, back } = endsOf(last.items, items);
  const end = last.value.length - back;
  if (front === last.items.length && front === items.length) return last.value;
  const middle = items.slice(front, items.length - back).map((item) => fill(item));
  if (isSameList(last.value.slice(front, end), middle)) return last.value;
  return spliced(last.value, front, end, middle);
}

/** More items than this are no arguments of a call. */
const MOST_ARGUMENTS = 1000;

/** The list with these items in place of `[from, to)`. Lists of thousands are spliced at every keystroke: one copy, no more. */
export function spliced<T>(list: readonly T[], from: number, to: number, items: readonly T[]): readonly T[] {
  if (items.length > MOST_ARGUMENTS) return list.slice(0, from).concat(items, list.slice(to));
  return list.toSpliced(from, to - from, ...items);
}

interface Ends {
  readonly front: number;
  readonly back: number;
}

/** How many items two lists share at their start, and behind that at their end. */
export function sharedEnds(before: readonly unknown[], now: readonly unknown[]): Ends {
  const shorter = Math.min(before.length, now.length);
  let front = 0;
  while (front < shorter && before[front] === now[front]) front += 1;
  let back = 0;
  while (back < shorter - front && before[before.length - 1 - back] === now[now.length - 1 - back]) back += 1;
  return { front, back };
}

/** True when two lists hold the very same values. */
export function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}
