import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readUnusual, readYaml } from '../../../server/src/spec/parse.ts';
import { readPlain } from '../../../server/src/spec/yaml/readPlain.ts';

const SPEC = `name: demo
# a comment
x-slurm:
  cache_dir: "/shared/cache"
  time: '01:00:00'

services:
  # the first
  web:
    image: docker://registry.invalid#a/b:1.0
    command: ["python", m, 'http.server', 8080]
    ports: [8080, 0x10, 1e3, .5, /x]
    volumes:
      - ./data:/data:ro
      - $HOME/x:/x

    depends_on:
      - db
    healthcheck:
      retries: 3
      ok: true
      none: ~/a
  db:
    image: redis#7
    stages:
      - name: one
        args: []
      - name: two
        note: a:b
  job:
    image: x   # of the job
    env: {A: "1", B: [c, -d]}
    say: "a \\"b\\"\\n"
    tell: 'it''s'
    empty:
    flush:
    - -c
    - |
      echo a

        # inside
      echo b


    note: >-
      one
      two
    keep: |+
      x

    # at the end
    command: run --flag
    # command: other
    # image: y
`;

const LINES = [
  '# c',
  '',
  '- x',
  'a: 1',
  'b:',
  '- k: v',
  "c: 'q'",
  'd: [a, "b",c]',
  'e: {x: 1}',
  'f: |',
  'g: &a x',
  '"h": 1',
  'i: a #b',
  '-',
  '? k',
  '---',
  '- - a',
  'j: "a\\n"',
  'k: -1',
  'l: [a',
  'm: [a, ]',
  'n: {a: b, c: [d, {e: "f"}]}',
  'o: {}',
  'p: # c',
  'q: --flag -x # c',
  "r: 'it''s'",
  's: |-',
  't: >',
  'u: |+',
  '  deeper',
  ' odd',
  'v: {a: b, a: c}',
  'w: [a b, -c, x:y]',
  'x: "a" b',
  '- |',
  '- -m # c',
  'y: ---',
  'z: a   ',
  '   ',
];

/** Compares where the quick reader answers at all. Gives whether it did. */
function agrees(text: string): boolean {
  const quick = readPlain(text, 'f');
  if (!quick) return false;
  assert.deepEqual(readYaml(text, 'f'), readUnusual(text, 'f'));
  return true;
}

describe('the quick reader of plain specs', () => {
  it('reads a usual spec, and gives the tree of the library to the offset', () => {
    assert.equal(agrees(SPEC), true);
    assert.equal(agrees(SPEC.trimEnd()), true);
  });

  for (const [what, text] of Object.entries({
    'an anchor': 'a: &x 1\n',
    'a tag': 'a: !!str 1\n',
    'a key that stands twice': 'a: 1\na: 2\n',
    'a value over two lines': 'a: b\n  c\n',
    'a tab': 'a:\tb\n',
    'an empty block scalar': 'a: |\n',
    'a block scalar with an indicator': 'a: |2\n  x\n',
    'a folded scalar with deeper lines': 'a: >\n  x\n    y\n',
    'an escape of a code point': 'a: "\\u0041"\n',
    'braces over two lines': 'a: {b: 1,\n  c: 2}\n',
    'a comment at another column': 'a:\n  b: 1\n # c\nd: 1\n',
    'comments at two columns': 'a:\n  b: 1\n  # c\n# d\n',
    'a second document': 'a: 1\n---\nb: 1\n',
    'a colon inside a value': 'a: b: c\n',
    'odd indentation': 'a:\n    b: 1\n  c: 1\n',
    'an integer that is too big': 'a: 99999999999999999999\n',
    'a carriage return': 'a: 1\r\n',
    nothing: '',
  }))
    it(`leaves ${what} to the library`, () => assert.equal(readPlain(text, 'f'), undefined));

  it('agrees with the library after random edits of lines, or leaves them to it', () => {
    const edit = fc.tuple(fc.nat(40), fc.nat(3), fc.nat(4), fc.constantFrom(...LINES));
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const lines = SPEC.split('\n');
        for (const [at, kind, deep, line] of edits) {
          const indented = '  '.repeat(deep) + line;
          if (kind === 0) lines.splice(at, 1);
          else if (kind === 1) lines.splice(at, 0, indented);
          else if (kind === 2) lines[at] = indented;
          else lines[at] = '  '.repeat(deep) + (lines[at] ?? '').trimStart();
        }
        if (agrees(lines.join('\n'))) accepted += 1;
      }),
      { numRuns: Number(process.env.FUZZ_CASES ?? 400) },
    );
    assert.ok(accepted > 0);
  });
});
