// Where the text of a spec takes a new `x-slurm.cache_dir`: the scalar that is there, else a new line in the block.
import { pairOf, type SpecNode, valueOf } from '../spec/node.ts';

/** A range of offsets in the document, and what stands around the value written there. */
export interface TextPlace {
  readonly start: number;
  readonly end: number;
  readonly before: string;
  readonly after: string;
}

/** The place for a new value; undefined when the spec has no `x-slurm` map with entries. `text` is the document. */
export function cacheDirPlace(root: SpecNode | undefined, text: string): TextPlace | undefined {
  const slurm = valueOf(root, 'x-slurm');
  const written = pairOf(slurm, 'cache_dir');
  if (written?.value.kind === 'scalar') {
    const { start, end } = written.value.span;
    if (end > start) return { start, end, before: '', after: '' };
    return { start: written.key.span.end + 1, end: written.key.span.end + 1, before: ' ', after: '' };
  }
  const first = slurm?.kind === 'map' ? slurm.pairs[0]?.key.span.start : undefined;
  if (first === undefined) return undefined;
  const indent = text.slice(text.lastIndexOf('\n', first - 1) + 1, first);
  if (indent.trim() !== '') return { start: first, end: first, before: 'cache_dir: ', after: ', ' };
  return { start: first, end: first, before: 'cache_dir: ', after: `\n${indent}` };
}
