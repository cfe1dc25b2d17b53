// A tree of blocks as a tree of the file: the same nodes with their places in the file, made one level at a time when they are
// looked at, so that a look at one place of a big spec costs next to nothing.
import type { BlockPlaces } from './blockPlaces.ts';
import type { MapNode, Pair, ScalarNode, SeqNode, SpecNode } from './node.ts';

/** The same tree with the spans of the file. */
export function placeNode<N extends SpecNode>(node: N, places: BlockPlaces): N {
  if (node.kind === 'scalar') return { ...node, span: places.spanOf(node.span) };
  return (node.kind === 'map' ? placeMap(node, places) : placeSeq(node, places)) as N;
}

function placeMap(node: MapNode, places: BlockPlaces): MapNode {
  let pairs: readonly Pair[] | undefined;
  return {
    ...node,
    span: places.spanOf(node.span),
    get pairs() {
      return (pairs ??= node.pairs.map((pair) => placePair(pair, places)));
    },
  };
}

function placePair({ key, value }: Pair, places: BlockPlaces): Pair {
  let placed: SpecNode | undefined;
  return {
    key: placeNode<ScalarNode>(key, places),
    get value() {
      return (placed ??= placeNode(value, places));
    },
  };
}

function placeSeq(node: SeqNode, places: BlockPlaces): SeqNode {
  let items: readonly SpecNode[] | undefined;
  return {
    ...node,
    span: places.spanOf(node.span),
    get items() {
      return (items ??= node.items.map((item) => placeNode(item, places)));
    },
  };
}
