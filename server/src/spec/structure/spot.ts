// Where the walk along the schema stands in the tree.
import type { ScalarNode, SpecNode } from '../node.ts';

export interface Spot {
  readonly node: SpecNode;
  readonly field: string;
  /** The key that the value stands under; findings about empty or composed values sit there. */
  readonly key: ScalarNode;
  readonly service?: string;
  /** True inside a value that hpc-compose reads as a whole: its problems are R044. */
  readonly untagged?: boolean;
  /** True where hpc-compose takes no local tags, though it names the inner culprit. */
  readonly noTags?: boolean;
}
