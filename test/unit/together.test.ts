// Who asks while a turn is going on is served by the next one; who turns away is not waited for.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { doTogether } from '../../server/src/core/together.ts';

interface Turn {
  readonly asked: readonly string[];
  readonly signal: AbortSignal;
  readonly finish: (results: readonly PromiseSettledResult<string>[]) => void;
  readonly fail: (error: Error) => void;
}

const done = (value: string) => ({ status: 'fulfilled', value }) as const;

describe('work done together', () => {
  let turns: Turn[];
  let ask: (key: string, asked: string, signal: AbortSignal) => Promise<string>;
  const idle = () => new AbortController();
  const { signal: never } = idle();
  beforeEach(() => {
    turns = [];
    ask = doTogether<string, string>(
      (asked, signal) =>
        new Promise((resolve, reject) => turns.push({ asked, signal, finish: resolve, fail: reject })),
    );
  });
  const settle = () => new Promise(setImmediate);

  it('begins at once, and takes all who come meanwhile in the next turn', async () => {
    const first = ask('a', '1', never);
    const others = Promise.allSettled([ask('a', '2', never), ask('a', '3', never)]);
    assert.deepEqual(
      turns.map(({ asked }) => asked),
      [['1']],
    );
    turns[0]?.finish([done('one')]);
    assert.equal(await first, 'one');
    await settle();
    assert.deepEqual(turns[1]?.asked, ['2', '3']);
    turns[1].finish([done('two'), { status: 'rejected', reason: new Error('no three') }]);
    const [second, third] = await others;
    assert.deepEqual(second, done('two'));
    assert.match(String(third.status === 'rejected' && third.reason), /no three/);
    await settle();
    void ask('a', '4', never);
    assert.deepEqual(turns[2]?.asked, ['4']);
    assert.equal(getEventListeners(never, 'abort').length, 2);
  });

  it('goes on beside the work for another key', () => {
    void ask('a', '1', never);
    void ask('b', '2', never);
    assert.equal(turns.length, 2);
  });

  it('is stopped when all have turned away, not before, and never begun for who had', async () => {
    const [one, two, three] = [idle(), idle(), idle()];
    const first = ask('a', '1', never);
    const asked = [ask('a', '2', one.signal), ask('a', '3', two.signal), ask('a', '4', three.signal)];
    const others = Promise.allSettled(asked);
    three.abort();
    turns[0]?.finish([done('one')]);
    await first;
    await settle();
    assert.deepEqual(turns[1]?.asked, ['2', '3']);
    one.abort();
    assert.equal(turns[1].signal.aborted, false);
    two.abort();
    assert.equal(turns[1].signal.aborted, true);
    for (const result of await others) assert.equal(result.status, 'rejected');
    await assert.rejects(ask('a', '5', AbortSignal.abort()), { name: 'AbortError' });
  });

  it('fails for all of a turn that throws, and serves the next', async () => {
    const first = ask('a', '1', never);
    const second = ask('a', '2', never);
    turns[0]?.fail(new Error('broken'));
    await assert.rejects(first, /broken/);
    await settle();
    turns[1]?.finish([done('two')]);
    assert.equal(await second, 'two');
  });
});
