// A long text that is edited, kept in pieces of whole lines: an edit makes new what it touches and shares all else with the text
// before it. Values: no text ever changes. Offsets and lengths are UTF-16 code units.
import { lowerBound } from './lowerBound.ts';

/** Pieces are about so long, half of it to twice as much; a longer line is one piece. */
const USUAL = 4096;

/** A run of whole lines of a text. */
export interface Run {
  readonly text: string;
  /** Where to begin in it. */
  readonly from: number;
}

/** Ends behind a line feed, unless the text ends before one. So no CR LF is ever torn. */
class Piece {
  readonly text: string;
  private known: number | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** Line ends: LF, CR LF or CR. */
  get breaks(): number {
    return (this.known ??= lineStarts(this.text).length);
  }
}

export class PieceText {
  readonly length: number;
  private readonly size: number;
  private readonly pieces: readonly Piece[];
  /** Where each piece starts. */
  private readonly starts: readonly number[];
  /** How many lines end in front of each piece, and in all, once somebody asks. */
  private breaks: readonly number[] | undefined;
  private whole: string | undefined;
  /** The lines of the piece that was asked last: one place is asked for after the other. */
  private asked: { readonly index: number; readonly starts: readonly number[] } | undefined;

  private constructor(pieces: readonly Piece[], size: number, whole?: string) {
    this.pieces = pieces;
    this.size = size;
    this.whole = whole;
    let length = 0;
    this.starts = pieces.map(({ text }) => (length += text.length) - text.length);
    this.length = length;
  }

  /** A text in pieces of about this size. */
  static of(text: string, size = USUAL): PieceText {
    return new PieceText(cut(text, size), size, text);
  }

  /** Everything as one string: made when it is first asked for. */
  toString(): string {
    return (this.whole ??= this.pieces.map(({ text }) => text).join(''));
  }

  /** The characters in `[start, end)`. */
  slice(start: number, end = this.length): string {
    const found: string[] = [];
    for (let index = this.pieceAt(start); index < this.pieces.length; index += 1) {
      const at = this.starts[index] ?? 0;
      if (at >= end) break;
      found.push(this.pieces[index]?.text.slice(Math.max(0, start - at), end - at) ?? '');
    }
    return found.length === 1 ? (found[0] ?? '') : found.join('');
  }

  /** True when it holds these words, which must not hold a line's end. */
  includes(words: string): boolean {
    return this.pieces.some(({ text }) => text.includes(words));
  }

  /** Everything from an offset on, piece by piece. */
  *runsFrom(from: number): Generator<Run> {
    for (let index = this.pieceAt(from); index < this.pieces.length; index += 1) {
      const text = this.pieces[index]?.text ?? '';
      yield { text, from: Math.max(0, from - (this.starts[index] ?? 0)) };
    }
  }

  /** How many characters at both ends are in pieces that are the same in another text; each end counts for itself. */
  sharedPieces(other: PieceText): { readonly front: number; readonly back: number } {
    const [mine, others] = [this.pieces, other.pieces];
    const shorter = Math.min(mine.length, others.length);
    let [front, back] = [0, 0];
    while (front < shorter && mine[front] === others[front]) front += 1;
    while (back < shorter && mine[mine.length - 1 - back] === others[others.length - 1 - back]) back += 1;
    return {
      front: this.starts[front] ?? this.length,
      back: this.length - (this.starts[mine.length - back] ?? this.length),
    };
  }

  /** The text with other characters in place of `[start, end)`. */
  replaced(start: number, end: number, text: string): PieceText {
    const first = this.pieceAt(start);
    const last = Math.max(first, this.pieceAt(end - 1));
    const head = this.pieces[first]?.text.slice(0, start - (this.starts[first] ?? 0)) ?? '';
    const tail = this.pieces[last]?.text.slice(end - (this.starts[last] ?? 0)) ?? '';
    const now = head + text + tail;
    const next = this.pieces[last + 1];
    const isComplete = now === '' || (now.endsWith('\n') && now.length >= this.size / 2);
    const [renewed, behind] = next && !isComplete ? [now + next.text, last + 2] : [now, last + 1];
    const pieces = [...this.pieces.slice(0, first), ...cut(renewed, this.size), ...this.pieces.slice(behind)];
    return new PieceText(pieces, this.size);
  }

  get lineCount(): number {
    return (this.lineBreaks().at(-1) ?? 0) + 1;
  }

  /** Line (from 0) that holds an offset. */
  lineOf(offset: number): number {
    const index = this.pieceAt(offset);
    const starts = this.linesOf(index);
    const from = this.starts[index] ?? 0;
    const ended = lowerBound(starts.length, (at) => from + (starts[at] ?? 0) <= offset);
    return (this.lineBreaks()[index] ?? 0) + ended;
  }

  /** Offset of a line's first character; the text's length behind the last line. */
  startOf(line: number): number {
    const breaks = this.lineBreaks();
    if (line > (breaks.at(-1) ?? 0)) return this.length;
    // The piece in which the line before it ends.
    const index = Math.max(0, lowerBound(this.pieces.length, (at) => (breaks[at] ?? 0) < line) - 1);
    return (this.starts[index] ?? 0) + (this.linesOf(index)[line - (breaks[index] ?? 0) - 1] ?? 0);
  }

  /** The last piece that does not start behind an offset. */
  private pieceAt(offset: number): number {
    return Math.max(0, lowerBound(this.starts.length, (at) => (this.starts[at] ?? 0) <= offset) - 1);
  }

  private linesOf(index: number): readonly number[] {
    if (this.asked?.index !== index)
      this.asked = { index, starts: lineStarts(this.pieces[index]?.text ?? '') };
    return this.asked.starts;
  }

  private lineBreaks(): readonly number[] {
    if (this.breaks) return this.breaks;
    const breaks = [0];
    for (const piece of this.pieces) breaks.push((breaks.at(-1) ?? 0) + piece.breaks);
    return (this.breaks = breaks);
  }
}

function cut(text: string, size: number): Piece[] {
  const pieces: Piece[] = [];
  for (let from = 0; from < text.length;) {
    const lineEnd = text.length - from > 2 * size ? text.indexOf('\n', from + size - 1) : -1;
    const end = lineEnd < 0 ? text.length : lineEnd + 1;
    pieces.push(new Piece(text.slice(from, end)));
    from = end;
  }
  return pieces;
}

/** Where the lines of a piece start, but for its first one. */
function lineStarts(text: string): number[] {
  if (text.includes('\r'))
    return [...text.matchAll(/\r\n?|\n/g)].map(({ index, 0: lineEnd }) => index + lineEnd.length);
  const starts: number[] = [];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
