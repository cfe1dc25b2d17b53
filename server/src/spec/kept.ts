// Results that outlive one analysis. A result belongs to a node of the tree and stands as long as everything else that it was
// made from is the very same value; nodes are immutable and never change their text, so nothing has to be thrown away.
import { isSameValue } from './sameValue.ts';

export interface Kept {
  /** What `compute` gives for this node; it is not called again while all `inputs` are the same values. */
  readonly of: <T>(what: string, node: object, inputs: readonly unknown[], compute: () => T) => T;
  /** The value of the last analysis under this name where the new one says the same, so that it can be an input. */
  readonly steady: <T>(what: string, value: T, isSame?: (before: T, now: T) => boolean) => T;
  /** What the last analysis left under this name. */
  readonly recall: (what: string) => unknown;
  readonly remember: (what: string, value: unknown) => void;
}

/** Keeps nothing: every result is computed. */
export const NOTHING_KEPT: Kept = {
  of: (_what, _node, _inputs, compute) => compute(),
  steady: (_what, value) => value,
  recall: () => undefined,
  remember: () => undefined,
};

interface Entry {
  readonly inputs: readonly unknown[];
  readonly value: unknown;
}

/** Keeps results of the successive states of one document. */
export function keepResults(): Kept {
  const results = new Map<string, WeakMap<object, Entry>>();
  const values = new Map<string, unknown>();
  const resultsOf = (what: string) => {
    const known = results.get(what) ?? new WeakMap<object, Entry>();
    results.set(what, known);
    return known;
  };
  return {
    of: <T>(what: string, node: object, inputs: readonly unknown[], compute: () => T): T => {
      const known = resultsOf(what);
      const last = known.get(node);
      if (last && isSameList(last.inputs, inputs)) return last.value as T;
      const value = compute();
      known.set(node, { inputs, value });
      return value;
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

/** True when two lists hold the very same values. */
export function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}
