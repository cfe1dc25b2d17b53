import assert from 'node:assert/strict';
import type { Finding } from '../../../server/src/model/finding.ts';
import { valueAt, type ScalarNode, type SpecNode } from '../../../server/src/spec/node.ts';
import { parseYaml } from '../../../server/src/spec/parse.ts';
import { composeDocuments } from '../../../server/src/spec/yaml/composeDocuments.ts';

const parse = (text: string) => parseYaml(text, '/w/compose.yaml');
const shown = (text: string, findings: readonly Finding[]) =>
  findings.map((finding) => `${finding.code} [${text.slice(finding.span.start, finding.span.end)}]`);
const findingsOf = (text: string) => shown(text, parse(text).findings);
const scalarAt = (text: string, ...path: string[]) => valueAt(parse(text).root, ...path) as ScalarNode;
const textOf = (text: string, node: SpecNode | undefined) => text.slice(node?.span.start, node?.span.end);

describe('YAML reading', () => {
  describe('typing', () => {
    const cases: [string, unknown, boolean?][] = [
      ['0x1F', 31, true],
      ['0o17', 15, true],
      ['0b11', 3, true],
      ['+3', 3, true],
      ['-0', 0, true],
      ['-0x10', -16, true],
      ['010', '010'],
      ['08', '08'],
      ['1_000', '1_000'],
      ['1e3', 1000, false],
      ['.5', 0.5, false],
      ['1.', 1, false],
      ['1.0', 1, false],
      ['1:30:00', '1:30:00'],
      ['1e400', '1e400'],
      ['.inf', Infinity, false],
      ['18446744073709551615', 18446744073709551615n, true],
      ['-9223372036854775808', -9223372036854775808n, true],
      ['yes', 'yes'],
      ['True', true],
      ['FALSE', false],
      ['tRUE', 'tRUE'],
      ['Null', null],
      ['~', null],
      ['2024-01-01', '2024-01-01'],
      ['"30"', '30'],
      ['!!str 30', '30'],
      ['!!int "2"', 2, true],
      ['!!binary aGk=', 'aGk='],
      ['!x 30', 30, true],
      ['!x "30"', '30'],
    ];
    for (const [source, value, integer] of cases) {
      it(`reads ${source} as ${typeof value} ${String(value)}`, () => {
        const node = scalarAt(`k: ${source}\n`, 'k');
        assert.equal(node.value, value);
        assert.equal(node.integer ?? false, integer ?? false);
      });
    }
    it('keeps integers beyond 128 bits as floats', () => {
      assert.equal(scalarAt(`k: 1${'0'.repeat(50)}\n`, 'k').value, 1e50);
    });
    for (const source of [
      '18446744073709551616',
      '-9223372036854775809',
      '!!int abc',
      '!!null x',
      '!!bool yes',
    ]) {
      it(`refuses ${source} at its place`, () => {
        assert.deepEqual(findingsOf(`k: ${source}\n`), [`R004 [${source.replace(/^!!\w+ /, '')}]`]);
      });
    }
  });

  describe('folding', () => {
    const cases: [string, string, string][] = [
      ['a line separator in double quotes', '"a \u2028 b"', 'a\u2028b'],
      ['a paragraph separator in single quotes', "'a\u2029\u2029b'", 'a\u2029\u2029b'],
      ['a line separator before a line end', '"a\u2028\n    b"', 'a\u2028\nb'],
      ['a next-line character', '"a\x85b"', 'a b'],
      ['a line separator as an escape', '"a \\L b"', 'a \u2028 b'],
      ['an escaped line end before an empty line', '"a \\\n\n    b \\\\"', 'a \nb \\'],
      ['an escaped line end alone', '"a \\\n    b"', 'a b'],
      ['two line ends', '"a\n\n    b"', 'a\nb'],
    ];
    for (const [what, source, value] of cases) {
      it(`of ${what} is as in hpc-compose`, () => {
        assert.equal(scalarAt(`k: ${source}\n`, 'k').value, value);
      });
    }
    it('keeps a byte order mark inside a line', () => {
      const text = 'k: "a\ufeffb"\nl: c\ufeff\n';
      assert.deepEqual(findingsOf(text), []);
      assert.deepEqual([scalarAt(text, 'k').value, scalarAt(text, 'l').value], ['a\ufeffb', 'c\ufeff']);
    });
  });

  describe('places', () => {
    it('are UTF-16 offsets behind a byte order mark, CRLF and astral characters', () => {
      const text = '\ufeff"😀": "a😀"\r\n';
      const node = scalarAt(text, '😀');
      assert.equal(textOf(text, node), '"a😀"');
    });
    it('of aliases are where the alias stands', () => {
      const text = 'a: &x {b: 1}\nc: *x\n';
      assert.equal(textOf(text, valueAt(parse(text).root, 'c')), '*x');
      assert.equal(textOf(text, valueAt(parse(text).root, 'c', 'b')), '1');
    });
  });

  const cases: [string, string, string[]][] = [
    ['an unknown anchor', 'a: *b\n', ['R004 [*b]']],
    ['an anchor inside itself', 'a: &a [*a]\n', ['R004 [*a]']],
    ['a redefined anchor', 'a: &a 1\nb: &a 2\nc: *a\n', []],
    ['a duplicate key at depth', 'a:\n  b: 1\n  b: 2\n', ['R006 [b]']],
    ['two spellings of one integer key', 'a: {1: x, 0x1: y}\n', ['R006 [0x1]']],
    ['a text and an integer key', 'a: {1: x, "1": y}\n', []],
    ['two merge keys of maps', 'a: &a {}\nb: {<<: *a, <<: *a}\n', []],
    ['a second document', 'a: 1\n---\nb: 2\n', ['R005 [---]']],
    ['an empty second document', 'a: 1\n---\n', ['R005 [---]']],
    ['text behind the end mark', 'a: 1\n...\nb: 1\n', ['R005 [b]']],
    ['an end mark alone', '---\na: 1\n...\n', []],
    ['a list at the top', '- a\n- b\n', ['R007 [- a]']],
    ['an empty document', '', ['R007 []']],
    ['comments alone', '# x\n', ['R007 []']],
    ['tabs as indentation', 'a:\n\tb: 1\n', ['R004 [\t]']],
    ['a control character', 'a: x\x01y\n', ['R004 [\x01]']],
    ['a NUL', 'a: x\0\n', ['R004 [\0]']],
    ['a lone surrogate', 'a: \ud800x\n', ['R004 [\ud800]']],
    ['escapes of surrogates', 'a: "x\\uD83D\\ude00"\n', ['R004 [\\u]']],
    ['a backslash before what looks like one', 'a: "x\\\\ud83d"\nb: \'\\ud83d\'\n', []],
    ['a tab where a block begins', 'a: |\n\n  \tx\n', ['R004 [\t]']],
    ['a tab behind the indentation of a block', 'a: |2\n  \tx\nb: >\n  x\n  \ty\n', []],
    ['a byte order mark that begins a later line', 'a: 1\n\ufeffb: 2\n', ['R004 [\ufeff]']],
    ['a missing colon', 'name x\nservices:\n', ['R004 [n]']],
    ['a byte order mark before two keys', '\ufeffa: 1\nb: 2\n', ['R005 [\ufeff]']],
    ['a byte order mark before one key', '\ufeffa: 1\n', []],
    ['a line separator inside a comment', 'a: 1\n# \u2028 b\n', ['R004 [b]']],
    ['brackets that close at column 0', 'a: [\n  b\n]\n', []],
    ['a comment glued to a quoted scalar', 'a: "x"#c\n', []],
  ];
  for (const [what, text, expected] of cases) {
    it(`judges ${what}`, () => {
      const found = findingsOf(text);
      if (expected[0] === 'R004 [b]' || expected[0] === 'R004 [n]') assert.match(found.join(), /^R004/);
      else assert.deepEqual(found, expected);
    });
  }

  describe('limits', () => {
    it('reads 128 levels and refuses 129', () => {
      assert.deepEqual(findingsOf(`${'{a: '.repeat(128)}1${'}'.repeat(128)}`), []);
      assert.deepEqual(findingsOf(`${'{a: '.repeat(129)}1${'}'.repeat(129)}`), ['R004 [{]']);
    });
    it('stops early in a megabyte of brackets', () => {
      assert.equal(parse('['.repeat(1_000_000)).findings[0]?.code, 'R004');
      assert.equal(parse('- '.repeat(500_000)).findings[0]?.code, 'R004');
    });
    it('does not read a broken line of a megabyte to its end, and a good one it does', () => {
      const broken = `a: ${'- '.repeat(500_000)}\n`;
      const { cutAt } = composeDocuments(broken);
      assert.ok(cutAt !== undefined && cutAt < 100_000, `read up to ${cutAt}`);
      assert.deepEqual(findingsOf(broken), ['R004 [-]']);
      const good = `a: &a [${'"x", '.repeat(8_000)}"y"]\n`;
      assert.equal(composeDocuments(good).cutAt, undefined);
      assert.deepEqual(findingsOf(good), []);
    });
    it('stops an alias bomb without expanding it', () => {
      const rows = Array.from(
        { length: 30 },
        (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}*a${i}]`,
      );
      const { root, findings } = parse(`a0: &a0 lol\n${rows.join('\n')}\n`);
      assert.equal(root, undefined);
      assert.deepEqual(
        findings.map((finding) => finding.code),
        ['R004'],
      );
    });
  });

  it('reads no line of more words than anybody writes, and says which', () => {
    const listed = (count: number, item = 'a, ') => `a: 1\nb: [${item.repeat(count)}b]\nc: 2\n`;
    for (const text of [listed(60_000), listed(200_000, ','), listed(60_000, '{}, ')]) {
      const { root, findings, damaged } = parse(text);
      assert.deepEqual(
        findings.map(({ code, span }) => [code, text.slice(span.start, span.end)]),
        [['HX001', 'b:']],
      );
      assert.ok(!root && !damaged);
    }
    assert.deepEqual(parse(listed(5000)).findings, []);
    assert.deepEqual(parse(`a:\n${'- x\n'.repeat(100_000)}`).findings, []);
  });
});
