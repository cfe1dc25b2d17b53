// The located tree of a spec: plain values with the place each was written. After a merge (`extends`) the places still
// point into the file that wrote them, so that findings land where the text is.
import type { Span } from '../model/finding.ts';

interface NodeBase {
  readonly span: Span;
  /** Explicit tag as written (`!!str`, `!x`), if any. */
  readonly tag?: string;
}

export interface ScalarNode extends NodeBase {
  readonly kind: 'scalar';
  /** Value by the YAML 1.2 core schema as the contract's section 1 tells; bigint where a double cannot hold the integer. */
  readonly value: string | number | bigint | boolean | null;
  /** True when the value is an integer by its spelling (`1.0` and `1e3` are not). */
  readonly integer?: boolean;
  readonly style: 'plain' | 'single' | 'double' | 'literal' | 'folded';
  /** The text before interpolation, when interpolation changed `value`. */
  readonly raw?: string;
  /** True when an expression in it could not be resolved: what the value will be is not known, so rules about it stay silent. */
  readonly unresolved?: boolean;
  /** True where an alias stands: the text at `span` is its name, not the value. */
  readonly alias?: boolean;
  /** Set when a mapping key is a list or a map: `value` is then null and this is its text. */
  readonly complex?: string;
}

export interface Pair {
  readonly key: ScalarNode;
  readonly value: SpecNode;
}

export interface MapNode extends NodeBase {
  readonly kind: 'map';
  readonly pairs: readonly Pair[];
}

export interface SeqNode extends NodeBase {
  readonly kind: 'seq';
  readonly items: readonly SpecNode[];
}

export type SpecNode = ScalarNode | MapNode | SeqNode;

/** The last pair with this string key, or undefined. */
export function pairOf(node: SpecNode | undefined, key: string): Pair | undefined {
  if (node?.kind !== 'map') return undefined;
  // A plain loop: rules ask this so often that calls of a closure made a fifth of an analysis.
  for (let index = node.pairs.length - 1; index >= 0; index -= 1) {
    const pair = node.pairs[index];
    if (pair?.key.value === key) return pair;
  }
  return undefined;
}

/** The value under this string key, or undefined. */
export function valueOf(node: SpecNode | undefined, key: string): SpecNode | undefined {
  return pairOf(node, key)?.value;
}

/** The value at a path of string keys, or undefined. */
export function valueAt(node: SpecNode | undefined, ...path: readonly string[]): SpecNode | undefined {
  return path.reduce<SpecNode | undefined>((at, key) => valueOf(at, key), node);
}

/** True for absent values and for YAML null. */
export function isNull(node: SpecNode | undefined): boolean {
  return node === undefined || (node.kind === 'scalar' && node.value === null);
}

/** True for a local tag such as `!x`; the standard ones only choose a type. */
export function isTagged({ tag }: SpecNode): boolean {
  return tag !== undefined && /^![^!]/.test(tag);
}

/** The string that the node holds, or undefined when it holds anything else. */
export function stringOf(node: SpecNode | undefined): string | undefined {
  return node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined;
}

/** The items of a list, or an empty list for anything else. */
export function itemsOf(node: SpecNode | undefined): readonly SpecNode[] {
  return node?.kind === 'seq' ? node.items : [];
}
