import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { stepsOfWarmUp, warmUp } from '../../server/src/lsp/warmUp.ts';

describe('warm-up of the language server', () => {
  it('judges a spec without a finding in each of its steps', () => {
    const steps = stepsOfWarmUp();
    assert.ok(steps.length > 10);
    assert.deepEqual([...new Set(steps.map((step) => step()))], [0]);
  });

  it('ends for good once there is something else to do', async () => {
    let asked = 0;
    warmUp(() => (asked += 1) > 2);
    while (asked < 3) await sleep(5);
    await sleep(60);
    assert.equal(asked, 3);
  });
});
