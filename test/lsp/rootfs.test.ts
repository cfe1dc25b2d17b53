import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { runProcess } from '../../server/src/core/process.ts';
import { rootfsFeature } from '../../server/src/lsp/rootfsRequests.ts';
import { rootfsTimer } from '../../server/src/lsp/rootfsTimer.ts';
import type { Feature } from '../../server/src/lsp/serverContext.ts';
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

  const start = async (
    rootfsCache: Record<string, unknown>,
    trusted = true,
    features: readonly Feature[] = [rootfsFeature],
  ) => {
    client = await LspClient.start({
      features,
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

  const evictable = { minAge: '0s', syncOnPublish: false, maxBytes: '1' };
  const until = async (holds: () => boolean) => {
    const end = Date.now() + 30_000;
    while (!holds() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(holds(), 'waited 30 s in vain');
  };

  it('collect from time to time where the cache is switched on', async () => {
    const { path: tree } = await rig.fill(rig.image('a'));
    await start({ base: rig.base, enabled: true, ...evictable }, true, [rootfsFeature, rootfsTimer(50)]);
    await until(() => !fs.existsSync(tree));
    const last = () => fs.readFileSync(rig.hidden('gc-last.json'), 'utf8');
    await until(() => fs.existsSync(rig.hidden('gc-last.json')));
    assert.match(last(), /"trigger":"timer"/);
    // Half a minute must pass before the next one that nobody asked for.
    const before = last();
    const { path: later } = await rig.fill(rig.image('b'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual([fs.existsSync(later), last()], [true, before]);
  }).timeout(60_000);

  it('collect nothing by themselves where it is not', async () => {
    const { path: tree } = await rig.fill(rig.image('a'));
    await start({ base: rig.base, ...evictable }, true, [rootfsFeature, rootfsTimer(20)]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(fs.existsSync(tree), true);
    assert.equal(fs.existsSync(rig.hidden('gc-last.json')), false);
  });

  it('keep what a comment in an open spec pins', async () => {
    await start({ base: rig.base, ...evictable });
    const image = rig.image('a');
    const { name } = await rig.fill(image);
    const spec = (comment: string) =>
      ['name: x', 'x-slurm: {}', 'services:', `  # ${comment}`, '  app:', `    image: ${image}`, ''].join(
        '\n',
      );
    const uri = `file://${rig.folder}/hpc-compose.yaml`;
    await client.open(uri, spec('hpc-rootfs-cache: pinned'));
    const pinned = await ask('hpcCompose/rootfs/gcPlan', {});
    assert.deepEqual([pinned.would_evict, pinned.skipped], [[], [{ name, why: 'pinned' }]]);
    await client.change(uri, { text: spec('not any more') });
    assert.equal((await ask('hpcCompose/rootfs/gcPlan', {})).would_evict.length, 1);
  });
});
