// Setup, preflight and rendezvous over LSP: real files, the server in this process.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { URI } from 'vscode-uri';
import { registerRendezvous } from '../../server/src/core/rendezvous.ts';
import type { PreflightReport } from '../../server/src/model/preflight.ts';
import type { RendezvousPruneResult, RendezvousState } from '../../server/src/model/rendezvous.ts';
import type { SetupResult, SetupState } from '../../server/src/model/setup.ts';
import { useFolder } from '../helpers/folder.ts';
import { LspClient } from '../helpers/lspClient.ts';

describe('setup, preflight and rendezvous requests of the server', () => {
  const folder = useFolder();
  let client: LspClient;
  let uri: string;
  const start = async (trusted = true) => {
    uri = URI.file(path.join(folder(), 'compose.yaml')).toString();
    client = await LspClient.start({
      env: { HOME: `${folder()}/home`, PATH: folder() },
      settings: {},
      options: { trusted },
    });
    await client.open(uri, 'x-slurm: {cache_dir: ./cache}\nservices:\n  app:\n    image: redis:7\n');
  };
  afterEach(async () => {
    await client.stop();
  });

  it('write one profile beside the spec and read it back', async () => {
    await start();
    const before = await client.request<SetupState>('hpcCompose/setup/read', { uri });
    assert.deepEqual([before.exists, before.profile, before.profiles], [false, 'dev', []]);
    const change = { cache_dir: '/shared/c', env: { A_TOKEN: 's3cret' }, default_profile: 'dev' };
    const written = await client.request<SetupResult>('hpcCompose/setup/write', { uri, change });
    assert.equal(written.settings_path, path.join(folder(), '.hpc-compose/settings.toml'));
    assert.deepEqual(written.env, { A_TOKEN: '<redacted>' });
    assert.match(fs.readFileSync(written.settings_path, 'utf8'), /A_TOKEN = "s3cret"/);
    const after = await client.request<SetupState>('hpcCompose/setup/read', { uri });
    assert.deepEqual([after.exists, after.profiles, after.cache_dir], [true, ['dev'], '/shared/c']);
    await client.request<SetupResult>('hpcCompose/setup/write', { uri, change: { cache_dir: null } });
    assert.doesNotMatch(fs.readFileSync(written.settings_path, 'utf8'), /shared/);
  });

  it('check this machine for the spec', async () => {
    await start();
    const report = await client.request<PreflightReport>('hpcCompose/preflight', { uri });
    const messages = [...report.contextual_warnings, ...report.blockers].map(({ message }) => message).join();
    assert.match(messages, /'enroot' was not found/);
    assert.equal(report.evidence.path, path.join(folder(), 'cache'));
  });

  it('list and prune rendezvous records of the cache that the spec uses', async () => {
    await start();
    const request = { name: 'n', jobId: '1', host: 'h', port: 1, protocol: 'http', ttlSeconds: 1 };
    registerRendezvous(path.join(folder(), 'cache'), request, 1000);
    const state = await client.request<RendezvousState>('hpcCompose/rendezvous/list', { uri });
    assert.deepEqual(
      state.entries.map(({ name, state: word }) => [name, word]),
      [
        ['n', 'expired'],
        ['n', 'expired'],
      ],
    );
    const pruned = await client.request<RendezvousPruneResult>('hpcCompose/rendezvous/prune', { uri });
    assert.equal(pruned.removed.length, 2);
  });

  it('touch nothing in an untrusted workspace', async () => {
    await start(false);
    for (const method of ['setup/read', 'preflight', 'rendezvous/list']) {
      await assert.rejects(client.request(`hpcCompose/${method}`, { uri }), /not trusted/);
    }
    await assert.rejects(client.request('hpcCompose/setup/write', { uri, change: { cache_dir: '/x' } }));
    assert.deepEqual(fs.readdirSync(folder()), []);
  });
});
