import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseYaml } from '../../../server/src/spec/parse.ts';
import { createBlockParser } from '../../../server/src/spec/parseBlocks.ts';
import { editedSpecs } from '../../helpers/specEdits.ts';

const FILE = '/p/compose.yaml';
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
  for (const text of states) assert.deepEqual(parser.parse(text, FILE), parseYaml(text, FILE));
  return parser.fallbacks === 0;
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

  it('shares the nodes of blocks that an edit neither changed nor moved', () => {
    const parser = createBlockParser();
    const nodes = (text: string) => {
      const { root } = parser.parse(text, FILE);
      return root?.kind === 'map' ? root.pairs : [];
    };
    const before = nodes(SPEC);
    const after = nodes(change('nginx:1', 'nginx:2'));
    assert.equal(after[1]?.value, before[1]?.value);
    assert.notEqual(after[2]?.value, before[2]?.value);
  });

  it('follows a document that moves to another file', () => {
    const parser = createBlockParser();
    parser.parse(SPEC, FILE);
    assert.deepEqual(parser.parse(SPEC, '/q/compose.yaml'), parseYaml(SPEC, '/q/compose.yaml'));
  });

  it('reads whole what reaches beyond one block', () => {
    const whole = [
      change('redis:7', '&a redis:7'),
      change('redis:7', '*a'),
      change('redis:7', '"redis'),
      change('redis:7', '[redis'),
      change('  db:', '  app:'),
      change('x-slurm:', 'name:'),
      change('x-slurm:', '---\nx-slurm:'),
      change('x-slurm:', '...\nx-slurm:'),
      change('# a spec', '%YAML 1.2\n---'),
      change('  db:', '\tdb:'),
      change('    command: echo\n', '#x\n    plain\n'),
      `\ufeff${SPEC}`,
      '[a, b]\n',
      '',
    ];
    assert.deepEqual(
      whole.filter((text) => isCheap(text)),
      [],
    );
  });

  it('keeps a key that is given twice inside one block where it is', () => {
    const twice = change('    command: echo\n', '    image: b\n');
    assert.ok(
      isCheap(twice, change('demo', 'longer').replace('    command: echo\n', '    image: b\n'), twice),
    );
  });

  it('remembers the other blocks while one is damaged', () => {
    const parser = createBlockParser();
    const states = [SPEC, change('redis:7', '"redis'), change('redis:7', '"redis"')];
    for (const text of states) assert.deepEqual(parser.parse(text, FILE), parseYaml(text, FILE));
    assert.equal(parser.fallbacks, 1);
  });

  it('equals the whole parse after any edits', () => {
    fc.assert(
      fc.property(editedSpecs, (states) => void isCheap(...states)),
      { numRuns: 300 },
    );
  });
});
