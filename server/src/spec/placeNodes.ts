// A tree of blocks as a tree of the file: the same nodes with their places in the file, made one level at a time when they are
// looked at, so that a look at one place of a big spec costs next to nothing.
import type { Span } from '../model/finding.ts';
import type { BlockPlaces } from './blockPlaces.ts';
import type { MapNode, Pair, ScalarNode, SeqNode, SpecNode } from './node.ts';

/** The same tree with the spans of the file. */
export function placeNode<N extends SpecNode>(node: N, places: BlockPlaces): N {
  if (node.kind === 'scalar') return { ...node, span: places.spanOf(node.span) };
  return (node.kind === 'map' ? new PlacedMap(node, places) : new PlacedSeq(node, places)) as SpecNode as N;
}

// Classes, as getters of object literals take ten times the memory, and whoever looks at a whole spec makes thousands.

class Placed<N extends MapNode | SeqNode> {
  readonly span: Span;
  declare readonly tag?: string;
  protected readonly node: N;
  protected readonly places: BlockPlaces;

  constructor(node: N, places: BlockPlaces) {
    this.node = node;
    this.places = places;
    this.span = places.spanOf(node.span);
    if (node.tag !== undefined) this.tag = node.tag;
  }
}

class PlacedMap extends Placed<MapNode> implements MapNode {
  readonly kind = 'map';
  private placed: readonly Pair[] | undefined;

  get pairs(): readonly Pair[] {
    return (this.placed ??= this.node.pairs.map((pair) => new PlacedPair(pair, this.places)));
  }
}

class PlacedSeq extends Placed<SeqNode> implements SeqNode {
  readonly kind = 'seq';
  private placed: readonly SpecNode[] | undefined;

  get items(): readonly SpecNode[] {
    return (this.placed ??= this.node.items.map((item) => placeNode(item, this.places)));
  }
}

class PlacedPair implements Pair {
  readonly key: ScalarNode;
  private readonly pair: Pair;
  private readonly places: BlockPlaces;
  private placed: SpecNode | undefined;

  constructor(pair: Pair, places: BlockPlaces) {
    this.key = placeNode<ScalarNode>(pair.key, places);
    this.pair = pair;
    this.places = places;
  }

  get value(): SpecNode {
    return (this.placed ??= placeNode(this.pair.value, this.places));
  }
}
