import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readJobStates } from '../../server/src/core/prune/runtime.ts';
import { skipBecause } from '../helpers/skip.ts';

const listing = (stdout: string) => () =>
  Promise.resolve({
    exitCode: 0,
    signal: undefined,
    startError: undefined,
    stdout,
    stderr: '',
    strays: undefined,
  });

describe('folders of Slurm jobs', () => {
  let cache = '';
  beforeEach(() => {
    cache = fs.mkdtempSync(path.join(os.tmpdir(), 'hpc-compose-runtime-'));
    for (const id of ['17', '18', '19_2']) fs.mkdirSync(path.join(cache, 'runtime', id), { recursive: true });
  });
  afterEach(() => fs.rmSync(cache, { recursive: true, force: true }));

  it('are those of ended jobs when Slurm lists them as over, or our own are listed no more', async () => {
    const run = listing('17|17|COMPLETED\n19|19_2|RUNNING\n');
    assert.deepEqual(await readJobStates(cache, { run, env: {} }), {
      17: 'ended',
      18: 'ended',
      '19_2': 'active',
    });
  });

  it('stay unknown when Slurm does not answer', async () => {
    const run = () =>
      Promise.resolve({
        exitCode: 1,
        signal: undefined,
        startError: undefined,
        stdout: '',
        stderr: 'down',
        strays: undefined,
      });
    assert.deepEqual(await readJobStates(cache, { run, env: {} }), {});
  });

  it('stay unknown when they belong to somebody else, whose jobs Slurm may hide', async function () {
    if (process.geteuid?.() !== 0) return skipBecause(this, 'only root can make folders of another user');
    fs.chownSync(path.join(cache, 'runtime', '17'), 12345, 12345);
    const geteuid = process.geteuid;
    process.geteuid = () => 23456;
    try {
      fs.chownSync(path.join(cache, 'runtime', '18'), 23456, 23456);
      const states = await readJobStates(cache, { run: listing(''), env: {} });
      assert.deepEqual([states['17'], states['18']], ['unknown', 'ended']);
    } finally {
      process.geteuid = geteuid;
    }
  });
});
