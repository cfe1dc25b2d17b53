import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Pair } from '../../../server/src/spec/node.ts';
import { createBlockParser } from '../../../server/src/spec/parseBlocks.ts';
import { assertSameTree, SPEC_FILE } from '../../helpers/blockTrees.ts';
import { editedSpecs } from '../../helpers/specEdits.ts';

const SPEC = `# a spec
name: demo
x-slurm:
  nodes: 2
services:
  # the first
  app:
    image: redis:7
    command: echo
    environment:
      A: "1"

  db:
    image: postgres:16
    script: |
      one

# about web
  web:
    image: nginx:1
`;

/** Whether block by block was enough for all of these states; the results are always those of the whole text. */
function isCheap(...states: readonly string[]): boolean {
  const parser = createBlockParser();
  for (const text of states) assertSameTree(parser, text);
  return parser.fallbacks.whole + parser.fallbacks.rest === 0;
}

const change = (from: string, to: string) => SPEC.replace(from, () => to);

/** What people do all day. */
const ORDINARY = [
  ['redis:7', 'redis:8'],
  ['echo', 'echo hello'],
  ['    command: echo\n', ''],
  ['    command: echo\n', '    command: echo\n    \n'],
  ['    command: echo\n', '    command: echo\n    vol\n'.replace('vol', 'volumes:')],
  ['    command: echo\n', '    command: echo\n    volumes:\n      - \n'],
  ['    command: echo\n', '    command: echo\n    volumes:\n      - /a:/b\n'],
  ['    command: echo\n', '    # command: echo\n'],
  ['    command: echo\n', '#    command: echo\n'],
  ['"1"', '"12"'],
  ['"1"', '""'],
  ['"1"', '[]'],
  ['"1"', ''],
  ['nodes: 2', 'nodes: '],
  ['nodes: 2', 'nodes: 16 # all'],
  ['  db:\n', '  new:\n    image: x\n  db:\n'],
  ['  db:\n', '  database:\n'],
  ['  db:\n', '  db: # data\n'],
  ['      one\n', '      one\n      two\n'],
  ['      one\n', '      one\n\n      two: "\n'],
  ['nginx:1\n', 'nginx:1'],
  ['nginx:1\n', 'nginx:1\n    depends_on: [app, db]\n'],
  ['nginx:1\n', 'nginx:1\nsecrets:\n  s:\n    file: x\n'],
  ['name: demo\n', ''],
  ['name: demo\n', 'name: demo\n\nruntime:\n  backend: pyxis\n'],
  ['# a spec\n', ''],
] as const;

function servicesIn(pairs: readonly Pair[]) {
  const services = pairs.at(-1)?.value;
  return services?.kind === 'map' ? services.pairs.map(({ value }) => value) : [];
}

describe('parsing block by block', () => {
  it('takes a spec apart and gives the tree of the whole', () => {
    assert.ok(isCheap(SPEC));
    assert.ok(isCheap(SPEC.replaceAll('\n', '\r\n')));
    assert.ok(isCheap(SPEC.replace('services:', 'steps: # all')));
    assert.ok(isCheap(`---\n${SPEC}`));
  });

  it('needs no whole parse for what people do all day', () => {
    const dear = ORDINARY.filter(([from, to]) => !isCheap(SPEC, change(from, to), SPEC));
    assert.deepEqual(dear, []);
  });

  it('keeps the nodes of blocks that an edit did not change, wherever they move', () => {
    const parser = createBlockParser();
    const nodes = (text: string) => {
      const { root } = parser.read(text, SPEC_FILE);
      return root?.kind === 'map' ? root.pairs : [];
    };
    const before = nodes(SPEC);
    const after = nodes(change('nodes: 2', 'nodes: 16'));
    assert.equal(after[0]?.value, before[0]?.value);
    assert.notEqual(after[1]?.value, before[1]?.value);
    assert.deepEqual(servicesIn(after), servicesIn(before));
    const [first] = servicesIn(after);
    assert.equal(first, servicesIn(before)[0]);
  });

  it('tells where a block stands now', () => {
    const parser = createBlockParser();
    parser.read(SPEC, SPEC_FILE);
    assertSameTree(parser, change('nodes: 2', 'nodes: 16'));
    assertSameTree(parser, `\n\n${SPEC}`);
  });

  it('follows a document that moves to another file', () => {
    const parser = createBlockParser();
    parser.read(SPEC, '/q/compose.yaml');
    assertSameTree(parser, SPEC);
  });

  it('takes damage that ends with its block, equal keys and aliases as they come', () => {
    const quotes = SPEC.replace('nginx:1', '\'nginx:1\'\n    command: "x"');
    for (const text of [
      quotes.replace('redis:7', '"redis'),
      quotes.replace('redis:7', "'redis"),
      change('redis:7', '[redis'),
      change('postgres:16', '"postgres'),
      change('    command: echo\n', '#x\n    plain\n'),
      change('redis:7', '{redis'),
      change('    command: echo\n', '    command\n'),
      change('  db:\n', '  d\n  db:\n'),
      change('  app:\n', '  a\n  app:\n'),
      change('name: demo\n', 'n\nname: demo\n'),
      change('  db:', '  app:'),
      change('x-slurm:', 'name:'),
      change('redis:7', '&a redis:7'),
      change('redis:7', '*a'),
      change('redis:7', '&a redis:7').replace('postgres:16', '*a'),
    ])
      assert.ok(isCheap(SPEC, text, SPEC, text), text);
  });

  it('reads whole, or from a block on, what reaches beyond it', () => {
    const whole = [
      change('x-slurm:', '---\nx-slurm:'),
      change('x-slurm:', '...\nx-slurm:'),
      change('# a spec', '%YAML 1.2\n---'),
      change('  db:', '\tdb:'),
      `\ufeff${SPEC}`,
      '[a, b]\n',
      '',
    ];
    assert.deepEqual(
      whole.filter((text) => isCheap(text)),
      [],
    );
  });

  it('knows the anchors of damage that takes two blocks', () => {
    const damaged = SPEC.replace('# a spec', '&a  head');
    isCheap(damaged, damaged.replace('postgres:16', '*a x'));
  });

  it('knows that an error further up ends the patience with lines of a quote that start at its left', () => {
    const loose = SPEC.replace('command: echo', 'command: "echo\nhello"');
    isCheap(loose, loose.replace('# a spec', 'a spec'), loose);
  });

  it('keeps equal blocks apart', () => {
    const twice = SPEC + SPEC.slice(SPEC.indexOf('services:'));
    isCheap(twice, twice.replace('redis:7', 'redis:8'), twice);
  });

  it('equals the whole parse after any edits', () => {
    fc.assert(
      fc.property(editedSpecs, (states) => void isCheap(...states)),
      { numRuns: 300 },
    );
  });
});
