// Brackets and quotes whose lines are indented less than their block, and directives: what hpc-compose's YAML reader takes, we take,
// with the same values and at the right places; what it refuses stays refused. The verdicts were taken from hpc-compose itself.
import assert from 'node:assert/strict';
import type { SpecNode } from '../../../server/src/spec/node.ts';
import { parseYaml } from '../../../server/src/spec/parse.ts';
import { createBlockParser } from '../../../server/src/spec/parseBlocks.ts';
import { assertSameTree } from '../../helpers/blockTrees.ts';
import { judgeText } from '../../helpers/judgeText.ts';

const HEAD = 'services:\n  a:\n    image: x:1\n';

/** What follows the head, and what `command` is then. */
const TAKEN: readonly (readonly [title: string, text: string, command: unknown])[] = [
  ['a closing bracket in the first column', '    command: [\n      "x"\n]\n', ['x']],
  ['items in the first column', '    command: [\n"x",\n  y\n  ]\n    working_dir: /w\n', ['x', 'y']],
  ['a folded text in quotes', '    command: "to\n   be\n\n or"\n    working_dir: /w\n', 'to be\nor'],
  ['single quotes over lines', "    command: 'to\nbe, isn''t it'\n", "to be, isn't it"],
  ['an escaped line break', '    command: "to\\\nbe"\n', 'tobe'],
  ['a # that begins no comment', '    command: ["a # b",\n"c" # d ]\n, e#f]\n', ['a # b', 'c', 'e#f']],
  ['a quote inside a plain text', "    command: [it's,\nb]\n", ["it's", 'b']],
  ['two of them', '    command: [a,\nb]\n    volumes: [\n"/c:/c"\n]\n', ['a', 'b']],
  [
    'a value in the line below its key',
    '    environment: {A:\n      b, ? C\n      : d\n      }\n    command: [a]\n',
    ['a'],
  ],
  ['brackets in brackets', '    environment: {\nA: "[",\n  B: "b" }\n    command: [a]\n', ['a']],
];

const REFUSED: readonly (readonly [title: string, text: string])[] = [
  ['a bracket that nothing closes', `${HEAD}    command: [a, b\n    working_dir: /x\n`],
  ['a quote that another line closes by chance', `${HEAD}    command: "a\n    working_dir: "/x"\n`],
  ['a tab in front of an item', `${HEAD}    command: [a, b,\n\tc]\n`],
  ['a plain text that is not indented', `${HEAD}    command: plain\n  text\n`],
  ['a document mark inside quotes', `${HEAD}    command: "a\n--- b"\n`],
  ['a document mark inside brackets', `${HEAD}    command: [a,\n--- b]\n`],
  ['a colon in the line below its key', `services:\n  a: {image: x:1, environment\n: {A: b}}\n`],
  ['the same, indented', `services:\n  a: {image: x:1, "environment"\n       : {A: b}}\n`],
  ['a key over two lines', `services:\n  a: {image: x:1, environ\n       ment: {A: b}}\n`],
  ['a directive that nobody knows', `%FOO bar\n---\n${HEAD}`],
  ['another version of YAML', `# c\n%YAML 1.3\n---\n${HEAD}`],
  ['a version without a number', `%YAML\n---\n${HEAD}`],
  ['two versions', `%YAML 1.2\n%YAML 1.2\n---\n${HEAD}`],
];

describe('lines in brackets and quotes', () => {
  for (const [title, text, command] of TAKEN)
    it(`are taken as hpc-compose does: ${title}`, () => {
      const spec = `${HEAD}${text}`;
      assert.deepEqual(errorsOf(spec), []);
      const { root } = parseYaml(spec, 'f');
      assert.deepEqual(valueAt(root, 'services', 'a', 'command'), command);
      assertSameTree(createBlockParser(), spec);
    });

  it('keep the places of all that stands in and behind them', () => {
    const spec = `${HEAD}    command: [\n"x",\ny]\n    comand: z\n    env_file: [\n4\n]\n`;
    const { findings } = judgeText(spec);
    assert.deepEqual(
      findings.map(({ code, span }) => [code, spec.slice(span.start, span.end)]),
      [
        ['R030', 'comand'],
        ['R044', '4'],
      ],
    );
  });

  for (const [title, text] of REFUSED)
    it(`are refused as hpc-compose does: ${title}`, () => {
      assert.equal(errorsOf(text)[0], 'R004');
      assertSameTree(createBlockParser(), text);
    });

  for (const line of ['%YAML 1.1', '%YAML 1.2 # c', '%TAG ! tag:x,2000:'])
    it(`take the directive ${line}`, () => assert.deepEqual(errorsOf(`${line}\n---\n${HEAD}`), []));
});

function errorsOf(text: string): string[] {
  const errors = judgeText(text).findings.filter(({ severity }) => severity === 'error');
  return errors.map(({ code }) => code);
}

function valueAt(node: SpecNode | undefined, ...path: readonly string[]): unknown {
  const [key, ...rest] = path;
  if (key === undefined) {
    if (node?.kind === 'seq') return node.items.map((item) => valueAt(item));
    return node?.kind === 'scalar' ? node.value : undefined;
  }
  const pair = node?.kind === 'map' ? node.pairs.find((each) => each.key.value === key) : undefined;
  return valueAt(pair?.value, ...rest);
}
