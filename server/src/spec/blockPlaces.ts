// Spans inside blocks -> spans of the file. A block's spans carry its name in place of a file and count from the text that it was
// read from, so that they stay as they are wherever the block moves. Values of one state of the text: later edits change nothing here.
import type { Finding, Span } from '../model/finding.ts';

/** A block under its name. */
export interface NamedBlock {
  readonly name: string;
  readonly before: string;
  readonly text: string;
}

export interface BlockPlaces {
  /** True for a block of this state of the text. */
  readonly has: (name: string) => boolean;
  /** The place in the file; spans of files are given back as they are. */
  readonly spanOf: (span: Span) => Span;
}

/** Places of a text that was read whole: every span is one of a file already. */
export const WHOLE_TEXT: BlockPlaces = { has: () => false, spanOf: (span) => span };

/** Places of blocks that make up the text of `file` one behind the other. */
export function placeBlocks(file: string, blocks: readonly NamedBlock[]): BlockPlaces {
  let known: Map<string, number> | undefined;
  let questions = 0;
  const distanceOf = (name: string) => {
    questions += 1;
    if (questions > FEW) known ??= distances(blocks);
    return known ? known.get(name) : distanceTo(name, blocks);
  };
  return {
    has: (name) => distanceOf(name) !== undefined,
    spanOf: (span) => {
      const by = distanceOf(span.file);
      return by === undefined ? span : { file, start: span.start + by, end: span.end + by };
    },
  };
}

/** A table of all blocks pays from then on; most states are asked for the places of a finding or two. */
const FEW = 8;

function distanceTo(wanted: string, blocks: readonly NamedBlock[]): number | undefined {
  let start = 0;
  for (const { name, before, text } of blocks) {
    if (name === wanted) return start - before.length;
    start += text.length;
  }
  return undefined;
}

function distances(blocks: readonly NamedBlock[]): Map<string, number> {
  const map = new Map<string, number>();
  let start = 0;
  for (const { name, before, text } of blocks) {
    map.set(name, start - before.length);
    start += text.length;
  }
  return map;
}

/** True when the first of two places stands before the other one in its file; of two files the order of their names decides. */
export function isBefore(a: Span, b: Span, { spanOf }: BlockPlaces): boolean {
  if (a.file === b.file) return a.start < b.start;
  const [first, second] = [spanOf(a), spanOf(b)];
  return first.file === second.file ? first.start < second.start : first.file < second.file;
}

/** A finding where it stands in the file. */
export function placeFinding(finding: Finding, { spanOf }: BlockPlaces): Finding {
  const { related, fixes } = finding;
  return {
    ...finding,
    span: spanOf(finding.span),
    ...(related ? { related: related.map((place) => ({ ...place, span: spanOf(place.span) })) } : {}),
    ...(fixes
      ? {
          fixes: fixes.map((fix) => ({
            ...fix,
            edits: fix.edits.map((edit) => ({ ...edit, span: spanOf(edit.span) })),
          })),
        }
      : {}),
  };
}
