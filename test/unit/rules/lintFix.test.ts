import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixSpec } from '../../../server/src/cli/lintFix.ts';
import { createDiskFiles } from '../../../server/src/load/diskFiles.ts';
import { createJudge } from '../../../server/src/load/judgeFile.ts';

const B = '  b: {image: "r:1"}\n  c: {image: "r:1"}\n';

describe('lint --fix writes assumed conditions and keeps every other byte (W53-W56)', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'fix-'))));
  after(() => rmSync(folder, { recursive: true }));

  function fix(text: string, dryRun = false) {
    const path = join(folder, 'compose.yaml');
    writeFileSync(path, text);
    const { judge } = createJudge({
      cwd: folder,
      env: { HOME: folder },
      files: createDiskFiles(),
      strictEnv: false,
    });
    const fixed = fixSpec(
      { path, shown: path, isStdin: false, judge: (given) => judge(path, given) },
      judge(path),
      dryRun,
    );
    return { ...fixed, written: readFileSync(path, 'utf8') };
  }

  for (const [title, before, after] of [
    [
      'a block list with comments',
      'services:\n  a:\n    image: r:1\n    depends_on:\n      - b   # keep me\n      # and me\n      - c\n',
      'services:\n  a:\n    image: r:1\n    depends_on:\n        b: {condition: service_started}   # keep me\n      # and me\n        c: {condition: service_started}\n',
    ],
    [
      'a list at the column of its key',
      'services:\n  a:\n    image: r:1\n    depends_on:\n    - b\n    - "c"\n',
      'services:\n  a:\n    image: r:1\n    depends_on:\n      b: {condition: service_started}\n      "c": {condition: service_started}\n',
    ],
    [
      'a flow list',
      'services:\n  a: {image: "r:1", depends_on: [b, c]} # x\n',
      'services:\n  a: {image: "r:1", depends_on: {b: {condition: service_started}, c: {condition: service_started}}} # x\n',
    ],
    [
      'an entry without condition',
      'services:\n  a:\n    image: r:1\n    depends_on:\n      b: {} # one\n      c: {condition: null}\n',
      'services:\n  a:\n    image: r:1\n    depends_on:\n      b: {condition: service_started} # one\n      c: {condition: service_started}\n',
    ],
    [
      'an empty condition',
      'services:\n  a:\n    image: r:1\n    depends_on:\n      b:\n        condition: # what?\n',
      'services:\n  a:\n    image: r:1\n    depends_on:\n      b:\n        condition: service_started # what?\n',
    ],
    [
      'a positional entry',
      'services:\n  "a":\n    image: r:1\n    depends_on: {b: []}\n',
      'services:\n  "a":\n    image: r:1\n    depends_on: {b: {condition: service_started}}\n',
    ],
  ] as const)
    it(title, () => {
      const { written, applied } = fix(before + B);
      assert.equal(written, after + B);
      assert.ok(applied.length > 0);
    });

  it('keeps CRLF', () => {
    const text = `services:\n  a:\n    image: r:1\n    depends_on:\n      - b # x\n${B}`.replaceAll(
      '\n',
      '\r\n',
    );
    assert.equal(fix(text).written, text.replace('  - b', '    b: {condition: service_started}'));
  });

  it('writes nothing in a dry run, and shows the changed line', () => {
    const text = `services:\n  a: {image: "r:1", depends_on: [b]}\n${B}`;
    const { written, diff } = fix(text, true);
    assert.equal(written, text);
    assert.match(diff, /^\+ {2}a: .*service_started/m);
  });

  it('leaves a list alone that another service builds on, and says so', () => {
    const text = `services:\n  a: {image: "r:1", depends_on: [b]}\n  d: {extends: a, depends_on: [c]}\n${B}`;
    const { written, notes } = fix(text);
    assert.equal(written, text);
    assert.ok(notes.length > 0);
  });

  it('leaves a list with a name given twice alone', () => {
    const text = `services:\n  a: {image: "r:1", depends_on: [b, b]}\n${B}`;
    assert.equal(fix(text).written, text);
  });
});
