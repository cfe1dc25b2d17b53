// Located values moved along their text: the same tree or finding, all places a number of UTF-16 units further. Copies, never changes.
import type { Finding, Span } from '../model/finding.ts';
import type { Pair, SpecNode } from './node.ts';

/** The entry of a mapping, moved. */
export function shiftPair({ key, value }: Pair, by: number): Pair {
  return { key: { ...key, span: shiftSpan(key.span, by) }, value: shiftNode(value, by) };
}

/** A finding of the YAML level, moved: these have no fixes. */
export function shiftFinding(finding: Finding, by: number): Finding {
  const related = finding.related?.map((place) => ({ ...place, span: shiftSpan(place.span, by) }));
  return { ...finding, span: shiftSpan(finding.span, by), ...(related ? { related } : {}) };
}

function shiftNode(node: SpecNode, by: number): SpecNode {
  const span = shiftSpan(node.span, by);
  if (node.kind === 'map') return { ...node, span, pairs: node.pairs.map((pair) => shiftPair(pair, by)) };
  if (node.kind === 'seq') return { ...node, span, items: node.items.map((item) => shiftNode(item, by)) };
  return { ...node, span };
}

function shiftSpan({ file, start, end }: Span, by: number): Span {
  return { file, start: start + by, end: end + by };
}
