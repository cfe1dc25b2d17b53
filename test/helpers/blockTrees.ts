// Compares a tree that was put together from blocks with that of the whole text.
import assert from 'node:assert/strict';
import { placeFindings } from '../../server/src/spec/blockPlaces.ts';
import type { SpecNode } from '../../server/src/spec/node.ts';
import { parseYaml } from '../../server/src/spec/parse.ts';
import type { BlockParser } from '../../server/src/spec/parseBlocks.ts';
import { placeNode } from '../../server/src/spec/placeNodes.ts';

export const SPEC_FILE = '/p/compose.yaml';

/** The next state, read by blocks, equals the whole; after a syntax error the tree is a guess, and only findings count. */
export function assertSameTree(parser: BlockParser, text: string): void {
  const whole = parseYaml(text, SPEC_FILE);
  const { root, findings, damaged, places } = parser.read(text, SPEC_FILE);
  const placed = placeFindings(findings, places);
  assert.deepEqual({ findings: placed, damaged }, { findings: whole.findings, damaged: whole.damaged });
  if (!damaged) assert.deepEqual(plainNode(root && placeNode(root, places)), whole.root);
}

/** A tree without anything that is made when it is looked at. */
export function plainNode(node: SpecNode | undefined): SpecNode | undefined {
  if (node === undefined || node.kind === 'scalar') return node;
  const { kind, span, tag } = node;
  const base = { span, ...(tag === undefined ? {} : { tag }) };
  const plain = (inner: SpecNode) => plainNode(inner) ?? inner;
  return kind === 'map'
    ? { ...base, kind, pairs: node.pairs.map(({ key, value }) => ({ key, value: plain(value) })) }
    : { ...base, kind, items: node.items.map(plain) };
}
