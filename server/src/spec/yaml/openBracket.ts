// Where the bracket begins that is still open at an offset: looked for line by line, upwards, because the library's own tree is
// wrong from a syntax error on.
import { lineAt, lineStart } from './openBlocks.ts';

/** A bracket that is open for more lines than this is not looked for. */
const LINES_LOOKED_AT = 100;
const CLOSES: Readonly<Record<string, string>> = { ']': '[', '}': '{' };

/** Offset of the innermost `[` or `{` that is open at `offset`, or undefined. */
export function openBracket(text: string, offset: number): number | undefined {
  let start = lineStart(text, offset);
  for (let line = 0; line < LINES_LOOKED_AT; line++) {
    const open = openIn(text, start, offset);
    if (open !== undefined || start === 0) return open;
    start = lineStart(text, start - 1);
  }
  return undefined;
}

/** Reads from the start of a line; quotes and comments are passed over. */
function openIn(text: string, start: number, end: number): number | undefined {
  const open: number[] = [];
  for (let at = start + lineAt(text, start).indent; at < end; at++) {
    const character = text[at] ?? '';
    const before = text[at - 1] ?? '\n';
    if ('[{'.includes(character)) open.push(at);
    else if (CLOSES[character] !== undefined) {
      if (text[open.at(-1) ?? -1] === CLOSES[character]) open.pop();
    } else if (character === '#' && /\s/.test(before)) at = lineEnd(text, at);
    else if ((character === '"' || character === "'") && /[\s[{,:]/.test(before))
      at = quoteEnd(text, at, end);
  }
  return open.at(-1);
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}

function quoteEnd(text: string, at: number, end: number): number {
  const mark = text[at];
  for (let next = at + 1; next < end; next++) {
    if (mark === '"' && text[next] === '\\') next++;
    else if (text[next] === mark) return next;
  }
  return end;
}
