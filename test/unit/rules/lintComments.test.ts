import assert from 'node:assert/strict';
import { judgeText } from '../../helpers/judgeText.ts';
import { applySeverities } from '../../../server/src/spec/lint/severity.ts';

const codes = (text: string) =>
  judgeText(text)
    .findings.map(({ code }) => code)
    .filter((code) => code.startsWith('H'));

describe('comments that silence findings', () => {
  for (const [title, text, left] of [
    ['end of the line', 'services:\n  a:\n    image: r # hpc-compose: ignore[HPC007] pinned elsewhere\n', []],
    ['line above', 'services:\n  a:\n    # hpc-compose: ignore[HPC007] why\n    image: r\n', []],
    [
      'stacked lines above',
      'services:\n  a:\n    # hpc-compose: ignore[HPC007] why\n    # more\n    image: r\n',
      [],
    ],
    [
      'whole file',
      '# hpc-compose: ignore-file[HPC007, HPC006]\nservices:\n  a: {image: r, depends_on: [b]}\n  b: {image: r, readiness: {type: sleep, seconds: 1}}\n',
      [],
    ],
    ['another code', 'services:\n  a:\n    image: r # hpc-compose: ignore[HPC005]\n', ['HPC007', 'HX038']],
    ['another line', 'services:\n  a: # hpc-compose: ignore[HPC007]\n    image: r\n', ['HX038', 'HPC007']],
    [
      'inside a text',
      'services:\n  a:\n    image: r\n    command: "x # hpc-compose: ignore[HPC007]"\n',
      ['HPC007'],
    ],
    [
      'inside a script',
      'services:\n  a:\n    image: r\n    script: |\n      x # hpc-compose: ignore[HPC007]\n',
      ['HPC007'],
    ],
    [
      'ignore-file below the first key',
      'services:\n  # hpc-compose: ignore-file[HPC007]\n  a: {image: r}\n',
      ['HPC007'],
    ],
  ] as const)
    it(`${title}: ${left.length === 0 ? 'silent' : 'still told'}`, () => assert.deepEqual(codes(text), left));

  it('never silences a rule that decides the verdict, and says so', () => {
    const { findings, valid } = judgeText(
      'x-slurm:\n  nodes: 0 # hpc-compose: ignore[R075]\nservices: {a: {image: "r:1"}}\n',
    );
    assert.equal(valid, false);
    assert.match(findings.find(({ code }) => code === 'HX038')?.message ?? '', /R075 decides the verdict/);
  });
});

describe('severities that people chose', () => {
  const { findings } = judgeText('x-slurm: {nodes: 0}\nservices: {a: {image: r}}\n');
  it('by code, by name, and off', () => {
    assert.equal(
      applySeverities(findings, { HPC007: 'error' }).find(({ code }) => code === 'HPC007')?.severity,
      'error',
    );
    assert.equal(
      applySeverities(findings, { 'mutable-tag': 'hint' }).find(({ code }) => code === 'HPC007')?.severity,
      'hint',
    );
    assert.deepEqual(
      applySeverities(findings, { HPC007: 'off' }).map(({ code }) => code),
      ['R075'],
    );
  });
  it('leaves rules that decide the verdict alone', () =>
    assert.equal(
      applySeverities(findings, { R075: 'off' }).some(({ code }) => code === 'R075'),
      true,
    ));
});
