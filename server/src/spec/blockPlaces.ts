// Spans inside blocks -> spans of the file. A block's spans carry its name in place of a file and count from the text that it was
// read from, so that they stay as they are wherever the block moves. Values of one state of the text: later edits change nothing here.
import type { Finding, FindingFix, Span } from '../model/finding.ts';

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

export interface PlacedBlocks {
  readonly file: string;
  /** The blocks of the text, one behind the other. */
  readonly blocks: readonly NamedBlock[];
  /** Where each of them starts. */
  readonly starts: readonly number[];
  /** The block of a name; undefined where it is not known any more. */
  readonly blockOf: (name: string) => NamedBlock | undefined;
}

/** Every name of a block begins with this; no file's does. */
export const BLOCK_MARK = '\0';
/** A table of all blocks pays from then on; most states are asked for the places of a finding or two. */
const FEW = 64;

/** Places of blocks that make up the text of `file`. */
export function placeBlocks({ file, blocks, starts, blockOf }: PlacedBlocks): BlockPlaces {
  let known: Map<string, number> | undefined;
  let questions = 0;
  const indexOf = (name: string): number => {
    questions += 1;
    if (questions > FEW) known ??= new Map(blocks.map((block, index) => [block.name, index]));
    if (known) return known.get(name) ?? -1;
    const block = blockOf(name);
    // A list of values is searched at the speed of memory; a look at each block's name is not.
    return block ? blocks.indexOf(block) : blocks.findIndex((one) => one.name === name);
  };
  const distanceOf = (name: string): number | undefined => {
    if (!name.startsWith(BLOCK_MARK)) return undefined;
    const index = indexOf(name);
    return index < 0 ? undefined : (starts[index] ?? 0) - (blocks[index]?.before.length ?? 0);
  };
  return {
    has: (name) => distanceOf(name) !== undefined,
    spanOf: (span) => {
      const by = distanceOf(span.file);
      return by === undefined ? span : { file, start: span.start + by, end: span.end + by };
    },
  };
}

/** True when the first of two places stands before the other one in its file; of two files the order of their names decides. */
export function isBefore(a: Span, b: Span, { spanOf }: BlockPlaces): boolean {
  if (a.file === b.file) return a.start < b.start;
  const [first, second] = [spanOf(a), spanOf(b)];
  return first.file === second.file ? first.start < second.start : first.file < second.file;
}

/** Findings where they stand in the file. A fix that several of them share they share there, too. */
export function placeFindings(findings: readonly Finding[], { spanOf }: BlockPlaces): Finding[] {
  const placed = new Map<FindingFix, FindingFix>();
  const placeFix = (fix: FindingFix): FindingFix => {
    const known = placed.get(fix) ?? {
      ...fix,
      edits: fix.edits.map((edit) => ({ ...edit, span: spanOf(edit.span) })),
    };
    placed.set(fix, known);
    return known;
  };
  return findings.map((finding) => {
    const { related, fixes } = finding;
    return {
      ...finding,
      span: spanOf(finding.span),
      ...(related ? { related: related.map((place) => ({ ...place, span: spanOf(place.span) })) } : {}),
      ...(fixes ? { fixes: fixes.map(placeFix) } : {}),
    };
  });
}
