// A text as whoever reads it needs it: a plain string, or the pieces that an edited text is kept in.
import type { PieceText, Run } from './pieceText.ts';

export type Text = string | PieceText;

/** So much is compared at once where two texts are not made of the same pieces. */
const STRETCH = 8192;

/** The whole text from an offset on as runs of whole lines: what never matches across a line's end is searched in each of them. */
export function runsFrom(text: Text, from: number): Iterable<Run> {
  return typeof text === 'string' ? [{ text, from }] : text.runsFrom(from);
}

/** True when a pattern matches somewhere; it must not look beyond a line's end. */
export function holds(text: Text, pattern: RegExp): boolean {
  for (const run of runsFrom(text, 0)) if (run.text.search(pattern) >= 0) return true;
  return false;
}

/** True when two texts are the same; cheap where one was made of the other by edits. */
export function isSameText(a: Text, b: Text): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  if (typeof a === 'string' || typeof b === 'string') return a.toString() === b.toString();
  return sharedStart(a, b) === a.length;
}

/** How many characters two texts share at their start. */
export function sharedStart(a: Text, b: Text): number {
  let at = typeof a === 'string' || typeof b === 'string' ? 0 : a.sharedPieces(b).front;
  const length = Math.min(a.length, b.length);
  const stretch = (text: Text, size: number) => text.slice(at, at + size);
  while (at < length) {
    const size = Math.min(STRETCH, length - at);
    if (stretch(a, size) !== stretch(b, size)) return at + sharedBy(a, b, size, stretch);
    at += size;
  }
  return at;
}

/** How many characters two texts share at their end. */
export function sharedEnd(a: Text, b: Text): number {
  let at = typeof a === 'string' || typeof b === 'string' ? 0 : a.sharedPieces(b).back;
  const length = Math.min(a.length, b.length);
  const stretch = (text: Text, size: number) => text.slice(text.length - at - size, text.length - at);
  while (at < length) {
    const size = Math.min(STRETCH, length - at);
    if (stretch(a, size) !== stretch(b, size)) return at + sharedBy(a, b, size, stretch);
    at += size;
  }
  return at;
}

/** The longest stretch below `size` that two texts share: halves are compared, each at the speed of memory. */
function sharedBy(a: Text, b: Text, size: number, stretch: (text: Text, size: number) => string): number {
  let [low, high] = [0, size - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (stretch(a, middle) === stretch(b, middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
