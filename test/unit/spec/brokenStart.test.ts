// Texts that are broken from their first lines on: how far they are read, and that what is told of them stays the same.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseYaml } from '../../../server/src/spec/parse.ts';
import { createBlockParser } from '../../../server/src/spec/parseBlocks.ts';
import { brokenStart } from '../../../server/src/spec/yaml/brokenStart.ts';
import { composeDocuments, composeOnce } from '../../../server/src/spec/yaml/composeDocuments.ts';
import { syntaxFindings } from '../../../server/src/spec/yaml/syntaxFindings.ts';
import { assertSameTree } from '../../helpers/blockTrees.ts';

const FILE = '/p/compose.yaml';
const services = (line: (index: number) => string, count: number) =>
  `services:\n${Array.from({ length: count }, (_, index) => line(index)).join('')}`;
const readTo = (text: string) => brokenStart(text)?.documents.at(-1)?.range[2];

const BROKEN: Readonly<Record<string, string>> = {
  'tabs before every line': services((index) => `\tkey${index}: value\n`, 8_000),
  'a colon that is missing': services((index) => `  a${index}:\n    image x\n    command: k\n`, 10_000),
  'a second colon': services(() => '  : :\n', 20_000),
  'quotes that are not closed': services((index) => `  a${index}:\n    image: "x\n    command: a\n`, 10_000),
};

const LINES = [
  'services:',
  '  a:',
  '    image: x',
  '\tb: c',
  '    b: c: d',
  '  word',
  '    - item',
  '   odd: 1',
  '  f: [a, b',
  '  ]',
  '    e: {a: "b" c: d}',
  '    q: "open',
  "    s: 'open",
  '    done: "x" y',
  '    t: |',
  '      text',
  '---',
  '  @x: y',
  '',
];

describe('a text that is broken from its first lines on', () => {
  for (const [what, text] of Object.entries(BROKEN)) {
    it(`is read a little way: ${what}`, () => {
      const end = readTo(text);
      assert.ok(end !== undefined && end < text.length / 2, `read up to ${end} of ${text.length}`);
      const { findings } = parseYaml(text, FILE);
      assert.equal(findings.filter(({ code }) => code === 'R004').length, 1000);
      assert.deepEqual(findings.slice(0, 1000), syntaxFindings(composeDocuments(text), text, FILE, false));
    });
  }

  it('is told the same of block by block', () => {
    const parser = createBlockParser();
    for (const text of Object.values(BROKEN)) assertSameTree(parser, text.slice(0, 80_000));
    const few = services((index) => `  a${index}:\n    image x\n    command: y\n`, 600);
    for (const count of [1, 2])
      assertSameTree(parser, `${few}${few.slice('services:\n'.length).repeat(count)}`);
  });

  it('is not read block by block to its end', () => {
    for (const [what, text] of Object.entries(BROKEN)) {
      let blocks = 0;
      const { read, fallbacks } = createBlockParser(() => {
        blocks += 1;
        return false;
      });
      read(text, FILE);
      assert.ok(blocks <= 1010 && fallbacks.whole === 1, `${what}: ${blocks} blocks`);
    }
  });

  it('is not searched for quotes again and again, block by block', () => {
    const test: (this: RegExp, text: string) => boolean = Reflect.get(RegExp.prototype, 'test');
    let searches = 0;
    RegExp.prototype.test = function (this: RegExp, text: string) {
      if (this.source.startsWith('(?<!')) searches += 1;
      return test.call(this, text);
    };
    try {
      createBlockParser().read(
        services((index) => `  a${index}:\n    image: "x\n    b: c\n`, 50),
        FILE,
      );
    } finally {
      RegExp.prototype.test = test;
    }
    // For double quotes alone: there are no others.
    assert.ok(searches > 0 && searches <= 55, `${searches} searches`);
  });

  it('is read on where the errors are few, or come from lines that may be indented loosely', () => {
    const good = services((index) => `  a${index}:\n    image: x\n`, 8_000);
    assert.equal(brokenStart(good), undefined);
    assert.equal(brokenStart(`a: b: c\n${good}`), undefined);
    const loose = `services:\n  a:\n    image: x\n    command: [\n${'  "x" ,\n'.repeat(10_000)}  ]\n`;
    assert.equal(brokenStart(loose), undefined);
    assert.deepEqual(parseYaml(loose, FILE).findings, []);
  });

  it('has the first errors of the whole, whatever is broken and wherever the start ends', () => {
    let found = 0;
    const sizes = { first: 400, factor: 2, most: 3, spare: 5 };
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...LINES), { minLength: 150, maxLength: 200 }), (lines) => {
        const text = `${lines.join('\n')}\n`;
        const start = brokenStart(text, sizes);
        if (!start) return;
        found += 1;
        const first = (composed: typeof start) => syntaxFindings(composed, text, FILE, false, sizes.most);
        assert.deepEqual(first(start), first(composeDocuments(text)));
      }),
      { numRuns: 500 },
    );
    assert.ok(found > 100, `only ${found} had such a start`);
  });

  it('is asked once for its quotes, however many of them are not closed', () => {
    const text = services((index) => `  a${index}:\n    image: "x\n    command: a\n`, 500);
    let walks = 0;
    const documents = composeOnce(text).documents.map(
      (document) =>
        new Proxy(document, {
          get: (target, key) => {
            if (key === 'contents') walks += 1;
            return Reflect.get(target, key, target) as unknown;
          },
        }),
    );
    assert.ok(syntaxFindings({ documents }, text, FILE, false).length > 100);
    assert.ok(walks < 10, `walked ${walks} times`);
  });
});
