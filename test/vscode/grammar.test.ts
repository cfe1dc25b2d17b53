// The grammars of syntaxes/: what they colour in specs, and that they touch nothing else.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { skipBecause } from '../helpers/skip.ts';
import { loadGrammars, type Token, type Tokenise } from './grammar/tokens.ts';

// Some token of a line, and a scope that it must have.
const COLOURED: [line: string, token: string, scope: string][] = [
  ['time: 7-00:00:00', '7-00:00:00', 'constant.numeric.duration.hpc-compose'],
  ["time_limit: '06:00:00'", '06:00:00', 'constant.numeric.duration.hpc-compose'],
  ['timeout: 1m30s', '1m30s', 'constant.numeric.duration.hpc-compose'],
  ['mem: 64G', '64', 'constant.numeric.size.hpc-compose'],
  ['mem: 64G', 'G', 'keyword.other.unit.hpc-compose'],
  ['cache_dir', 'CACHE_DIR', 'variable.other.readwrite.hpc-compose'],
  ['cache_dir', 'USER', 'variable.other.readwrite.hpc-compose'],
  ['cache_dir', ':-', 'keyword.operator.expansion.hpc-compose'],
  ['cache_dir', ' a comment', 'comment.line.number-sign.yaml'],
  ['chdir', 'HOME', 'variable.other.readwrite.hpc-compose'],
  ['chdir', '$$', 'constant.character.escape.dollar.hpc-compose'],
  ['module load', 'module', 'entity.name.command.shell'],
  ['export TMP', 'export', 'storage.modifier.export.shell'],
  ['# prepare', ' prepare', 'comment.line.number-sign.shell'],
  ['if [', 'if', 'keyword.control.if.shell'],
  ['if [', 'DATA', 'variable.other.normal.shell'],
  ['torchrun', 'torchrun', 'entity.name.command.shell'],
  ['--nnodes', '-nnodes', 'constant.other.option'],
  ['lr: 0.1', 'lr: 0.1', 'string.unquoted.heredoc.shell'],
  ['echo done', 'echo', 'support.function.builtin.shell'],
  ['apt-get install', 'apt-get', 'entity.name.command.shell'],
  ['mkdir', 'mkdir', 'entity.name.command.shell'],
  ['serve --port', 'PORT', 'variable.other.escaped.hpc-compose'],
  ['serve --port', 'MODEL', 'variable.other.readwrite.hpc-compose'],
];

// Lines inside specs that keep YAML's own colours.
const LEFT_ALONE = [
  'array: 0-9',
  'time_of_day: 06:00:00',
  'pattern: ready ${NOT_A_VARIABLE}',
  '- pip install numpy',
  'import os',
  'print("plot")',
];

describe('grammars', () => {
  const folder = path.join(
    vscode.extensions.getExtension('hpc-compose.hpc-compose')!.extensionPath,
    'test/vscode/grammar',
  );
  const read = (name: string) => fs.readFileSync(path.join(folder, name), 'utf8');
  let ours: Tokenise;
  let plain: Tokenise;

  before(async function () {
    const grammars = await loadGrammars();
    if (grammars === undefined) skipBecause(this, 'this VS Code keeps its tokenizer to itself');
    else ({ ours, plain } = grammars);
  });

  it('colour shell text, variables, durations and sizes of a spec', () => {
    const text = read('spec.yaml');
    const tokens = ours(text);
    const missing = COLOURED.filter(([line, wanted, scope]) => {
      const at = text.split('\n').findIndex((one) => one.includes(line));
      assert.notEqual(at, -1, line);
      const found = tokens.filter((token) => token.line === at && token.text === wanted);
      return !found.some(({ scopes }) => scopes.some((one) => one.startsWith(scope)));
    });
    assert.deepEqual(missing, []);
  });

  it('leave every other line of a spec as YAML has it', () => {
    const text = read('spec.yaml');
    const lines = text.split('\n');
    const special = new Set(COLOURED.map(([line]) => lines.findIndex((one) => one.includes(line))));
    const [mine, yamls] = [ours(text), plain(text)].map((tokens) => colours(tokens, lines.length));
    const changed = lines.filter((_line, at) => !special.has(at) && mine![at] !== yamls![at]);
    const inShell = (line: string) => /^\s*(fi|EOF|cat > config <<EOF|apt-get update &&)$/.test(line);
    assert.deepEqual(
      changed.filter((line) => !inShell(line)),
      [],
    );
    for (const line of LEFT_ALONE) assert.ok(!changed.some((one) => one.includes(line)), line);
  });

  for (const name of ['workflow.yaml', 'docker.yaml'])
    it(`change nothing in YAML without a key of ours: ${name}`, () => {
      const text = read(name);
      assert.deepEqual(ours(text), plain(text));
    });

  it('change nothing in a spec that has none of its keys, nor while one is half typed', () => {
    const half = 'services:\n  a:\n    script: |\n      echo ${A}\n    x-slur:\n      time: 1:00:00\n';
    assert.deepEqual(ours(half), plain(half));
  });

  it('end with the block: a quote that is never closed does not run on', () => {
    const text =
      'x-slurm:\n  time: 1:00:00\nservices:\n  a:\n    script: |\n      echo "open\n    image: redis:7\n';
    const image = ours(text).filter(({ line }) => line === 6);
    assert.deepEqual(
      image.map(({ text: word, scopes }) => [word, scopes.filter((one) => !one.includes('hpc-compose'))]),
      plain(text)
        .filter(({ line }) => line === 6)
        .map(({ text: word, scopes }) => [word, scopes]),
    );
  });
});

/** By line: the scopes of each character, without the ones that only mark where we are. */
function colours(tokens: Token[], lines: number): string[] {
  const byLine = Array.from({ length: lines }, () => '');
  for (const { line, text, scopes } of tokens) {
    const told = scopes.filter((one) => !/^meta\.(spec|shell|argv|literal|quantity)\.hpc-compose$/.test(one));
    byLine[line] = (byLine[line] ?? '') + `${told.join(' ')};`.repeat(text.length);
  }
  return byLine;
}
