import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { runProcess } from '../../server/src/core/process.ts';
import { rootfsFeature } from '../../server/src/lsp/rootfsRequests.ts';
import type { Requests, RootfsState } from '../../server/src/model/protocol.ts';
import { LspClient } from '../helpers/lspClient.ts';
import { RootfsRig } from '../helpers/rootfs/rig.ts';

describe('rootfs requests', () => {
  let rig: RootfsRig;
  let client: LspClient;
  beforeEach(() => {
    rig = new RootfsRig();
  });
  afterEach(async () => {
    await client.stop();
    rig.remove();
  });

  const start = async (rootfsCache: Record<string, unknown>, trusted = true) => {
    client = await LspClient.start({
      features: [rootfsFeature],
      settings: { rootfsCache },
      options: { trusted },
      env: rig.env,
      run: runProcess,
    });
  };
  const ask = <M extends keyof Requests>(method: M, params: Requests[M]['params']) =>
    client.connection.sendRequest<Requests[M]['result']>(method, params);

  it('say that nothing is configured, and refuse to act', async () => {
    await start({});
    assert.deepEqual(await ask('hpcCompose/rootfs/list', {}), { configured: false, problems: [] });
    await assert.rejects(ask('hpcCompose/rootfs/gcPlan', {}), /No rootfs cache is configured/);
  });

  it('name a bad setting and keep the feature off', async () => {
    await start({ base: rig.base, gcHigh: 80, gcLow: 80 });
    const state = await ask('hpcCompose/rootfs/list', {});
    assert.equal(state.configured, false);
    assert.match(state.problems[0] ?? '', /below the high mark/);
  });

  it('read nothing in an untrusted workspace', async () => {
    await start({ base: rig.base }, false);
    assert.equal((await ask('hpcCompose/rootfs/list', {})).configured, false);
    await assert.rejects(ask('hpcCompose/rootfs/acquire', { image: '/x.sqsh' }), /not trusted/);
  });

  it('acquire, list, plan, and apply exactly the plan that was shown', async () => {
    await start({ base: rig.base, minAge: '0s', syncOnPublish: false });
    const first = await ask('hpcCompose/rootfs/acquire', { image: rig.image('a') });
    const second = await ask('hpcCompose/rootfs/acquire', { image: rig.image('b') });
    assert.deepEqual([first.hit, second.hit], [false, false]);
    const state = (await ask('hpcCompose/rootfs/list', {})) as RootfsState & { configured: true };
    assert.deepEqual(
      state.list.entries.map(({ name, state: is }) => [name, is]),
      [
        [first.name, 'ready'],
        [second.name, 'ready'],
      ],
    );
    const plan = await ask('hpcCompose/rootfs/gcPlan', { names: [second.name] });
    assert.deepEqual(
      plan.would_evict.map(({ name }) => name),
      [second.name],
    );
    const result = await ask('hpcCompose/rootfs/gc', { plan });
    assert.deepEqual(
      result.evicted.map(({ name }) => name),
      [second.name],
    );
    assert.equal(fs.existsSync(first.path), true);
    assert.equal(fs.existsSync(second.path), false);
  });

  it('pin what must stay, and give failures their words', async () => {
    await start({ base: rig.base, minAge: '0s', syncOnPublish: false });
    const { name } = await ask('hpcCompose/rootfs/acquire', { image: rig.image('a') });
    assert.deepEqual(await ask('hpcCompose/rootfs/pin', { names: [name], pinned: true }), [name]);
    assert.deepEqual((await ask('hpcCompose/rootfs/gcPlan', { maxBytes: 1 })).would_evict, []);
    assert.deepEqual(await ask('hpcCompose/rootfs/pin', { names: [name], pinned: false }), []);
    const missing = path.join(rig.folder, 'missing.sqsh');
    await assert.rejects(ask('hpcCompose/rootfs/acquire', { image: missing }), /does not exist/);
  });
});
