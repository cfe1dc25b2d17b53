// What every value grammar gives: the meaning of a text, or what is wrong with it and where. All of them are pure and linear.

export interface Problem {
  readonly ok: false;
  /** What is wrong, as the end of a sentence: `seconds must be 0 to 59`. */
  readonly problem: string;
  /** The part of the text that is wrong, in UTF-16 code units. */
  readonly at?: { readonly start: number; readonly end: number };
}

export type Parsed<T> = { readonly ok: true; readonly value: T } | Problem;

export function parsed<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export function problemAt(problem: string, start: number, end: number): Problem {
  return { ok: false, problem, at: { start, end } };
}

export function problemOf(problem: string): Problem {
  return { ok: false, problem };
}
