import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { stepsOfWarmUp, warmUp } from '../../server/src/lsp/warmUp.ts';

describe('warm-up of the language server', () => {
  it('judges sound texts without a finding, and damaged ones with some', () => {
    const { sound, damaged } = stepsOfWarmUp();
    assert.ok(sound.length > 10 && damaged.length > 10);
    assert.deepEqual([...new Set(sound.map((step) => step()))], [0]);
    assert.deepEqual(
      damaged.filter((step) => step() === 0),
      [],
    );
  });

  it('does nothing while there is something else to do, and goes on later', async () => {
    let asked = 0;
    const end = warmUp(() => (asked += 1) > 2 && asked < 5);
    while (asked < 6) await sleep(5);
    end();
    await sleep(30);
    assert.ok(asked >= 6);
  });

  it('ends for good when it is told to', async () => {
    let asked = 0;
    const end = warmUp(() => (asked += 1) < 0);
    while (asked < 3) await sleep(5);
    end();
    const last = asked;
    await sleep(60);
    assert.equal(asked, last);
  });
});
