import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { recordInputs } from '../../server/src/core/inputs.ts';
import { inspectPlan } from '../../server/src/core/inspect.ts';
import { recordUse } from '../../server/src/core/registry.ts';
import {
  addBase,
  addPrepared,
  makeCache,
  makeFolder,
  planOf,
  planService,
  removeFolder,
} from '../helpers/cacheBuilder.ts';

const ports = { now: () => Date.now() / 1000 };
const digest = (value: string) => createHash('sha256').update(value).digest('hex').slice(0, 8);
const IMAGE = 'docker://redis:7';

describe('inspect of a plan', () => {
  let folder: string;
  let cache: string;
  beforeEach(() => {
    folder = makeFolder();
    cache = makeCache(path.join(folder, 'cache'));
  });
  afterEach(() => removeFolder(folder));

  const inspect = async (...services: ReturnType<typeof planService>[]) =>
    (await inspectPlan(planOf(cache, services), ports)).services;

  it('finds committed images and gives no reason', async () => {
    addBase(cache, IMAGE, { service_names: ['app'] });
    addPrepared(cache, 'app');
    const [app] = await inspect(planService(cache, 'app', IMAGE));
    assert.equal(app?.current_reuse_expectation, 'cache hit');
    assert.deepEqual(app.why, []);
    assert.equal(app.runtime_artifact.manifest?.cache_key, planService(cache, 'app', IMAGE).prepared?.key);
    assert.equal(app.note, null);
  });

  it('does not call an image without a manifest a hit', async () => {
    const service = planService(cache, 'app', IMAGE, { prepare: false });
    fs.writeFileSync(service.runtimePath, 'image');
    const [app] = await inspect(service);
    assert.equal(app?.runtime_artifact.artifact_present, true);
    assert.equal(app.current_reuse_expectation, 'cache miss');
    assert.match(JSON.stringify(app.why), /present but not committed.*manifest is missing/);
  });

  it('says why a manifest does not commit its image', async () => {
    const service = planService(cache, 'app', IMAGE, { prepare: false });
    const file = addBase(cache, IMAGE);
    const reason = async () => {
      const [app] = await inspect(service);
      assert.equal(app?.current_reuse_expectation, 'cache miss');
      return JSON.stringify(app.why);
    };
    fs.writeFileSync(`${file}.json`, '{');
    assert.match(await reason(), /manifest/);
    addBase(cache, IMAGE, { artifact_path: '/old/place/x.sqsh' });
    assert.match(await reason(), /recorded at \/old\/place\/x.sqsh.*adopt/);
    addBase(cache, IMAGE, { kind: 'base', cache_key: '00' });
    assert.match(await reason(), /another image/);
    fs.rmSync(file);
    assert.match(await reason(), /image file is missing/);
  });

  it('names each input that changed since the last build by hpc-compose', async () => {
    addBase(cache, IMAGE, { service_names: ['app'] });
    addPrepared(cache, 'app', {
      prepare_commands: ['echo 1', 'echo 2'],
      prepare_env: ['LEVEL=1', 'API_TOKEN=old'],
    });
    const service = planService(cache, 'app', IMAGE, {
      commands: ['echo 1', 'echo 3'],
      env: ['LEVEL=2', 'API_TOKEN=new'],
    });
    const [app] = await inspect(service);
    assert.equal(app?.current_reuse_expectation, 'cache miss');
    assert.deepEqual(app.why, [
      { input: 'command 2', before: 'echo 2', after: 'echo 3' },
      { input: 'variable LEVEL', before: '1', after: '2' },
      {
        input: 'variable API_TOKEN',
        before: `<redacted> ${digest('old')}`,
        after: `<redacted> ${digest('new')}`,
      },
    ]);
  });

  it('compares with our own record of the build of the same spec', async () => {
    addBase(cache, IMAGE, { service_names: ['app'] });
    const before = planService(cache, 'app', IMAGE, { commands: ['make'] });
    const built = addPrepared(cache, 'app', { prepare_commands: ['make'] });
    addPrepared(cache, 'app', { prepare_commands: ['other project'], last_used_at: 9_999_999_999 });
    recordUse(cache, '/specs/compose.yaml', [built]);
    recordInputs(before.prepared!, before.preparedInputs);
    const [app] = await inspect(planService(cache, 'app', IMAGE, { commands: ['make', 'make install'] }));
    assert.deepEqual(app?.why, [{ input: 'command 2', before: '(none)', after: 'make install' }]);
  });

  it('names another tool version', async () => {
    addBase(cache, IMAGE, { tool_version: '0.2.2', service_names: ['app'] });
    const [app] = await inspect(planService(cache, 'app', IMAGE, { prepare: false }));
    assert.deepEqual(app?.why, [{ input: 'tool version', before: '0.2.2', after: '0.2.3' }]);
  });

  it('says that mounts rebuild at every prepare', async () => {
    const [app] = await inspect(planService(cache, 'app', IMAGE, { mounts: ['/src:/src'] }));
    assert.equal(app?.current_reuse_expectation, 'rebuild on prepare');
    assert.match(app.note ?? '', /mounts/);
  });

  it('keeps secret values out of our own records', () => {
    const service = planService(cache, 'app', IMAGE, { env: ['API_TOKEN=hunter2'] });
    recordInputs(service.prepared!, service.preparedInputs);
    const folderOfInputs = path.join(cache, '.hpc-compose-vscode/inputs');
    const texts = fs
      .readdirSync(folderOfInputs)
      .map((name) => fs.readFileSync(path.join(folderOfInputs, name), 'utf8'));
    assert.equal(texts.length, 1);
    assert.doesNotMatch(texts.join(''), /hunter2/);
  });

  it('masks known secret values wherever they stand', async () => {
    const reference = 'docker://user:hunter2@registry/redis:7';
    addBase(cache, reference);
    const plan = {
      ...planOf(cache, [planService(cache, 'app', reference, { prepare: false })]),
      secretValues: ['hunter2'],
    };
    const { services } = await inspectPlan(plan, ports);
    assert.equal(services[0]?.source_image, 'docker://user:<redacted>@registry/redis:7');
    assert.equal(
      services[0].base_artifact?.manifest?.source_image,
      'docker://user:<redacted>@registry/redis:7',
    );
  });

  it('limits the answer to one service', async () => {
    const plan = planOf(cache, [planService(cache, 'a', IMAGE), planService(cache, 'b', IMAGE)]);
    assert.deepEqual(
      (await inspectPlan(plan, ports, { service: 'b' })).services.map(({ service_name }) => service_name),
      ['b'],
    );
    assert.deepEqual((await inspectPlan(plan, ports, { service: 'B' })).services, []);
  });
});
