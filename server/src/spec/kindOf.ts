// Names the kind of a node in messages.
import type { SpecNode } from './node.ts';

/** What a node is: `a list`, `the number 5`, `null`. */
export function kindOf(node: SpecNode): string {
  if (node.kind !== 'scalar') return node.kind === 'map' ? 'a mapping' : 'a list';
  if (node.value === null) return 'null';
  if (typeof node.value === 'string') return 'text';
  return typeof node.value === 'boolean' ? String(node.value) : `the number ${node.value}`;
}
