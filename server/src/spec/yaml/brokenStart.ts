// A text that is broken from its first lines on is read no further than its errors are told: the library would read all of it, and make
// an error of every line, before it says the first one. What it says of a start stands for the whole, but for what the end cut off.
import {
  composeOnce,
  DEPTH_LIMIT,
  isUnread,
  MOST_SYNTAX_ERRORS,
  type ComposedText,
} from './composeDocuments.ts';
import { syntaxFindings } from './syntaxFindings.ts';

export interface StartSizes {
  /** Characters of the first start that is tried, and how many times longer each next one is. */
  readonly first: number;
  readonly factor: number;
  /** Findings that are told. */
  readonly most: number;
  /** So many more a start must have: what is open at its end makes errors of its own, the last ones of all, one for each level. */
  readonly spare: number;
}

/** Each start is at most half of the text, and a longer one is tried only where the errors of the last promise enough. */
const SIZES: StartSizes = { first: 32_000, factor: 4, most: MOST_SYNTAX_ERRORS, spare: DEPTH_LIMIT };

/**
 * The documents of a start of the text that has all syntax errors which are told of the whole; undefined when there is none.
 * Offsets are those of the text.
 */
export function brokenStart(text: string, sizes: StartSizes = SIZES): ComposedText | undefined {
  const { first, factor, most, spare } = sizes;
  const wanted = most + spare;
  for (let size = first; size * 2 < text.length; size *= factor) {
    const start = text.slice(0, text.lastIndexOf('\n', size) + 1);
    const composed = composeOnce(start);
    if (isUnread(composed) || composed.cutAt !== undefined) return undefined;
    const { length } = syntaxFindings(composed, start, '', false, wanted);
    if (length === wanted) return composed;
    if (length * factor < wanted) return undefined;
  }
  return undefined;
}
