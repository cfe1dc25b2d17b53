// A located tree as plain data for the compiled validators. Types are all that counts there: numbers that are integers by
// value but not by spelling (`1.0`, `1e3`) get a fraction, so that no validator takes them for integers.
import type { MapNode, ScalarNode, SpecNode } from '../node.ts';

export interface PlainBlock {
  readonly value: unknown;
  /** True when the data hides something that validators cannot see: local tags, keys that are no texts, lists for mappings. */
  readonly strange: boolean;
}

/** The data of one block. */
export function toPlain(node: SpecNode): PlainBlock {
  const seen = { strange: false };
  return { value: plain(node, seen), strange: seen.strange };
}

interface Seen {
  strange: boolean;
}

function plain(node: SpecNode, seen: Seen): unknown {
  if (node.tag?.startsWith('!')) seen.strange = true;
  if (node.kind === 'scalar') return plainScalar(node);
  if (node.kind === 'seq') return node.items.map((item) => plain(item, seen));
  return plainMap(node, seen);
}

function plainMap(node: MapNode, seen: Seen): Record<string, unknown> {
  // A plain object: one without a prototype is a hash table, which takes several times as long to fill and to check.
  const data: Record<string, unknown> = {};
  for (const { key, value } of node.pairs) {
    if (typeof key.value !== 'string' || key.value === '__proto__') seen.strange = true;
    if (key.value === 'readiness' && value.kind === 'seq') seen.strange = true;
    data[String(key.value)] = plain(value, seen);
  }
  return data;
}

function plainScalar({ value, integer }: ScalarNode): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number' && integer !== true && Number.isInteger(value)) return value + 0.5;
  return value;
}
