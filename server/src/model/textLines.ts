// Lines of a text by offset. A text with thousands of findings is asked for thousands of places: its line ends are looked for once.

import { lowerBound } from './lowerBound.ts';

export interface TextLines {
  readonly count: number;
  /** Line (from 0) that holds an offset. */
  readonly lineOf: (offset: number) => number;
  /** Offset of a line's first character; the text's length behind the last line. */
  readonly startOf: (line: number) => number;
}

/** The lines of a text, ended by LF. */
export function linesOf(text: string): TextLines {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const lineOf = (offset: number) =>
    Math.max(0, lowerBound(starts.length, (line) => (starts[line] ?? 0) <= offset) - 1);
  return { count: starts.length, lineOf, startOf: (line) => starts[line] ?? text.length };
}
