// Lines of a text by offset. A text with thousands of findings is asked for thousands of places: its line ends are looked for once.

export interface TextLines {
  /** Line (from 0) that holds an offset. */
  readonly lineOf: (offset: number) => number;
  /** Offset of a line's first character; the text's length behind the last line. */
  readonly startOf: (line: number) => number;
}

/** The lines of a text, ended by LF. */
export function linesOf(text: string): TextLines {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const lineOf = (offset: number): number => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low;
  };
  return { lineOf, startOf: (line) => starts[line] ?? text.length };
}
