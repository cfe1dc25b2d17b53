import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepare, type PrepareOptions } from '../../../server/src/core/prepare/prepare.ts';
import type { PrepareProgress, PrepareResult } from '../../../server/src/model/cache.ts';
import { useFolder } from '../../helpers/folder.ts';
import { assertCommittedWhole, assertQuiet, leftovers } from '../../helpers/invariants.ts';
import { planOf, type ServiceSketch } from '../../helpers/plans.ts';
import { testPorts } from '../../helpers/ports.ts';

const SERVICES: readonly ServiceSketch[] = [
  { name: 'api', image: 'redis:7' },
  { name: 'db', image: 'redis:7', prepare: { commands: ['one', 'two'] } },
  { name: 'web', image: 'nginx:1', prepare: { commands: ['three'], env: ['DB_PASSWORD=sesame-open'] } },
];

const actions = (result: PrepareResult) =>
  result.services.map(({ service_name, base_image, runtime_image }) =>
    [service_name, base_image?.action ?? '-', runtime_image.action].join(' '),
  );

describe('prepare', function () {
  this.timeout(30_000);
  const folder = useFolder();
  const cacheDir = () => join(folder(), 'cache');
  const log = () => join(folder(), 'enroot.log');
  const verbs = () =>
    existsSync(log())
      ? readFileSync(log(), 'utf8')
          .split('\n')
          .filter((line) => line.includes(' begin '))
          .map((line) => line.split(' ')[3])
      : [];
  const run = (
    services: readonly ServiceSketch[],
    options: PrepareOptions = {},
    env: Record<string, string> = {},
  ) =>
    prepare(
      planOf({ cacheDir: cacheDir(), services, secretValues: ['hush-hush'] }),
      { jobs: 4, ...options },
      testPorts({}, { FAKE_LOG: log(), FAKE_BYTES: '4096', ...env }),
    );

  it('builds what is missing, imports a shared base once, and reuses everything the next time', async () => {
    assert.deepEqual(actions(await run(SERVICES)), ['api built built', 'db reused built', 'web built built']);
    assert.deepEqual(
      verbs().filter((verb) => verb === 'import'),
      ['import', 'import'],
    );
    assert.equal(assertCommittedWhole(cacheDir()).length, 4);
    assert.deepEqual(leftovers(cacheDir()), []);
    assertQuiet(cacheDir());
    rmSync(log());
    assert.deepEqual(actions(await run(SERVICES)), [
      'api reused reused',
      'db reused reused',
      'web reused reused',
    ]);
    assert.deepEqual(verbs(), []);
  });

  it('gives the same results and manifests however many run at a time', async () => {
    const manifests = () =>
      assertCommittedWhole(cacheDir()).map((image) =>
        readFileSync(`${image}.json`, 'utf8').replace(/"(created_at|last_used_at)": \d+/g, ''),
      );
    const services = [
      ...SERVICES,
      { name: 'a.b', image: 'redis:7', prepare: { commands: ['same'] } },
      { name: 'a_b', image: 'redis:7', prepare: { commands: ['same'] } },
    ];
    const serial = await run(services, { jobs: 1 });
    const serialManifests = manifests();
    rmSync(cacheDir(), { recursive: true });
    const parallel = await run(services, { jobs: 8 });
    assert.deepEqual(parallel, serial);
    assert.deepEqual(manifests(), serialManifests);
    assert.deepEqual(actions(parallel).slice(3), ['a.b reused built', 'a_b reused reused']);
  });

  it('rebuilds everything once when forced, and keeps created_at', async () => {
    await run(SERVICES);
    const [image] = assertCommittedWhole(cacheDir());
    const created = /"created_at": \d+/;
    const text = readFileSync(`${image}.json`, 'utf8').replace(created, '"created_at": 1000');
    writeFileSync(`${image}.json`, text);
    const result = await run(SERVICES, { force: true });
    assert.deepEqual(actions(result), ['api built built', 'db reused built', 'web built built']);
    assert.equal(created.exec(readFileSync(`${image}.json`, 'utf8'))?.[0], '"created_at": 1000');
  });

  it('builds again at every run when mounts are present, and says so', async () => {
    const services = [{ name: 'a', image: 'redis:7', prepare: { mounts: ['/tmp:/mnt/x:ro'] } }];
    await run(services);
    const result = await run(services);
    assert.deepEqual(actions(result), ['a reused built']);
    assert.match(result.services[0]?.runtime_image.note ?? '', /mounts/);
  });

  it('goes on after a failure: each service says what became of it', async () => {
    const env = { FAKE_FAIL: 'import', FAKE_MATCH: 'nginx', FAKE_STDERR: '[ERROR] hush-hush went wrong' };
    const result = await run(SERVICES, {}, env);
    assert.deepEqual(actions(result), ['api built built', 'db reused built', 'web failed skipped']);
    const error = result.services[2]?.base_image?.error;
    assert.equal(error?.code, 'tool-failed');
    assert.match(
      error.message,
      /import base image for service 'web'.*import exited with 1: \[ERROR\] <redacted> went wrong/,
    );
    assert.deepEqual(leftovers(cacheDir()), []);
    assert.deepEqual(actions(await run(SERVICES)), [
      'api reused reused',
      'db reused reused',
      'web built built',
    ]);
  });

  it('names the failing command and removes the root file system', async () => {
    const result = await run(SERVICES, {}, { FAKE_FAIL: 'start', FAKE_MATCH: 'two', FAKE_EXIT: '7' });
    assert.deepEqual(actions(result), ['api built built', 'db reused failed', 'web built built']);
    const { message } = result.services[1]!.runtime_image.error!;
    assert.match(message, /prepare command 2 of 2 for service 'db' \(two\).*start exited with 7/);
    assert.deepEqual(leftovers(cacheDir()), []);
  });

  it('keeps the root file system of a failed build when asked, and says where', async () => {
    const result = await run(
      SERVICES,
      { keepFailed: true },
      { FAKE_FAIL: 'export', FAKE_MATCH: 'hpc-compose-db-' },
    );
    const kept = leftovers(cacheDir());
    assert.equal(kept.length, 1);
    assert.match(result.services[1]?.runtime_image.error?.message ?? '', new RegExp(kept[0]!));
    await run(SERVICES, { force: true });
    assert.deepEqual(leftovers(cacheDir()), kept, 'no sweep takes it');
  });

  it('stops the others at the first failure when asked to fail fast', async () => {
    const env = { FAKE_FAIL: 'import', FAKE_IMPORT: '0.2', FAKE_MATCH: 'redis', FAKE_CREATE: '5' };
    const result = await run(SERVICES, { failFast: true, jobs: 1 }, env);
    assert.deepEqual(actions(result), ['api failed failed', 'db failed skipped', 'web skipped skipped']);
    assertQuiet(cacheDir());
  });

  it('retries an import once after a stale handle, in a clean temporary folder', async () => {
    const counter = join(folder(), 'counter');
    const env = {
      FAKE_FAIL: 'import',
      FAKE_STDERR: 'mksquashfs: Stale file handle',
      FAKE_TIMES: '1',
      FAKE_COUNTER: counter,
    };
    assert.deepEqual(actions(await run([{ name: 'a', image: 'redis:7' }], {}, env)), ['a built built']);
    rmSync(cacheDir(), { recursive: true });
    const again = await run([{ name: 'a', image: 'redis:7' }], {}, { ...env, FAKE_TIMES: '9' });
    assert.equal(again.services[0]?.base_image?.error?.code, 'stale-handle');
    assert.equal(verbs().length, 4);
  });

  it('does not fail a finished build because its root file system could not be removed by the tool', async () => {
    const result = await run(SERVICES.slice(1, 2), {}, { FAKE_FAIL: 'remove' });
    assert.deepEqual(actions(result), ['db built built']);
    assert.deepEqual(leftovers(cacheDir()), []);
  });

  it('prepares only the services that were named, and refuses a name that is not there', async () => {
    assert.deepEqual(actions(await run(SERVICES, { services: ['db'] })), ['db built built']);
    await assert.rejects(run(SERVICES, { services: ['nope'] }), { code: 'usage' });
  });

  it('reports every phase, with fractions that grow, and no secret in any line', async () => {
    const seen: PrepareProgress[] = [];
    const env = { FAKE_STDERR: 'token hush-hush sesame-open', FAKE_FAIL: 'export' };
    await run(SERVICES.slice(2), { onProgress: (progress) => void seen.push(progress) }, env);
    const phases = [...new Set(seen.map(({ phase }) => phase))];
    assert.deepEqual(phases, ['import', 'publish', 'create', 'command', 'export', 'failed']);
    const fractions = seen.map(({ fraction }) => fraction ?? 0);
    assert.deepEqual(
      fractions.slice(0, -1),
      fractions.slice(0, -1).sort((a, b) => a - b),
    );
    assert.doesNotMatch(JSON.stringify(seen), /hush-hush|sesame-open/);
    assert.ok(seen.some(({ line }) => line?.includes('token <redacted> <redacted>')));
  });

  it('makes images with the umask of the user and the folders of the contract', async () => {
    const before = process.umask(0o027);
    try {
      await run(SERVICES.slice(0, 1));
    } finally {
      process.umask(before);
    }
    const [image] = assertCommittedWhole(cacheDir());
    assert.equal(statSync(`${image}.json`).mode & 0o777, 0o640);
    assert.equal(statSync(`${image}.build.lock`).mode & 0o777, 0o600);
    for (const name of [
      'base',
      'prepared',
      'datasets',
      'models',
      'enroot/cache',
      'enroot/data',
      'enroot/tmp',
    ])
      assert.equal(statSync(join(cacheDir(), name)).mode & 0o777, 0o750, name);
  });

  it('writes nothing when the tool is missing, for the host runtime, and for a local image used directly', async () => {
    const missing = await prepare(
      planOf({ cacheDir: cacheDir(), services: SERVICES, tool: '/nonexistent' }),
      {},
      testPorts(),
    );
    assert.deepEqual(actions(missing), ['api failed failed', 'db failed failed', 'web failed failed']);
    assert.equal(missing.services[0]?.base_image?.error?.code, 'tool-missing');
    const host = await prepare(
      planOf({ cacheDir: cacheDir(), services: SERVICES, backend: 'host' }),
      {},
      testPorts(),
    );
    assert.deepEqual(
      host.services.map(({ runtime_image: { path, action } }) => path + action),
      ['present', 'present', 'present'],
    );
    const local = await run([{ name: 'l', image: join(folder(), 'none.sqsh') }]);
    assert.equal(local.services[0]?.runtime_image.error?.code, 'artifact-missing');
    assert.equal(existsSync(cacheDir()), false);
  });
});
