import assert from 'node:assert/strict';
import { isScalar, parseDocument } from 'yaml';
import type { ScalarNode } from '../../server/src/spec/node.ts';
import { placeInScalar } from '../../server/src/spec/scalarPlaces.ts';

const STYLES = {
  PLAIN: 'plain',
  QUOTE_SINGLE: 'single',
  QUOTE_DOUBLE: 'double',
  BLOCK_LITERAL: 'literal',
  BLOCK_FOLDED: 'folded',
} as const;

/** The source text that stands for the part `${X}` of the first value of a mapping. */
function sourceOf(text: string): string {
  const node = parseDocument(text).get('a', true);
  assert.ok(isScalar<string>(node) && node.range && node.type && typeof node.value === 'string');
  const [start, end] = node.range;
  const scalar: ScalarNode = {
    kind: 'scalar',
    span: { file: 'f', start, end },
    value: node.value,
    style: STYLES[node.type],
  };
  const at = node.value.indexOf('${X}');
  const span = placeInScalar(scalar, text, at, at + 4);
  return `${text.slice(0, span.start)}[${text.slice(span.start, span.end)}]`;
}

describe('places inside scalars', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['a plain scalar', 'a: x ${X} y\n', 'a: x [${X}]'],
    ['a plain scalar over two lines', 'a: x\n  y ${X}\n', 'a: x\n  y [${X}]'],
    ['single quotes with a doubled quote', "a: 'it''s ${X}'\n", "a: 'it''s [${X}]"],
    [
      'double quotes with escapes',
      'a: "\\t\\u00e9\\U0001F600 \\" ${X}"\n',
      'a: "\\t\\u00e9\\U0001F600 \\" [${X}]',
    ],
    ['an escaped dollar', 'a: "x \\x24{X}"\n', 'a: "x [\\x24{X}]'],
    ['double quotes over two lines', 'a: "x\n  y ${X}"\n', 'a: "x\n  y [${X}]'],
    ['an escaped line end', 'a: "x\\\n  y ${X}"\n', 'a: "x\\\n  y [${X}]'],
    ['a literal block', 'a: |\n  x\n\n    y ${X}\n', 'a: |\n  x\n\n    y [${X}]'],
    ['a folded block', 'a: >-\n  x\n  y\n\n  z ${X}\n', 'a: >-\n  x\n  y\n\n  z [${X}]'],
    ['CRLF line ends', 'a: |\r\n  x\r\n  y ${X}\r\n', 'a: |\r\n  x\r\n  y [${X}]'],
  ];
  for (const [title, text, expected] of cases) {
    it(`finds an expression in ${title}`, () => assert.equal(sourceOf(text), expected));
  }

  it('falls back to the whole scalar when value and source disagree', () => {
    const node: ScalarNode = {
      kind: 'scalar',
      span: { file: 'f', start: 0, end: 3 },
      value: 'other $X',
      style: 'plain',
    };
    assert.deepEqual(placeInScalar(node, 'abc', 6, 8), node.span);
  });
});
