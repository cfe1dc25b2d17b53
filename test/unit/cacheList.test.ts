import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { recordInputs } from '../../server/src/core/inputs.ts';
import { listCache } from '../../server/src/core/list.ts';
import { changePins } from '../../server/src/core/pins.ts';
import { realPorts } from '../../server/src/core/ports.ts';
import { recordUse, usersOf } from '../../server/src/core/registry.ts';
import {
  addBase,
  addPrepared,
  addStaged,
  makeCache,
  makeFolder,
  removeFolder,
  silentLog,
} from '../helpers/cacheBuilder.ts';

const ports = realPorts(silentLog, process.env);

describe('list of a cache', () => {
  let folder: string;
  let cache: string;
  beforeEach(() => {
    folder = makeFolder();
    cache = makeCache(path.join(folder, 'cache'));
  });
  afterEach(() => removeFolder(folder));

  const states = async () => {
    const { entries } = await listCache(cache, ports);
    return Object.fromEntries(entries.map((entry) => [path.basename(entry.artifact_path), entry.state]));
  };

  it('counts bytes from disk blocks, of whole trees for staged directories', async () => {
    const image = addBase(cache, 'docker://redis:7', { size: 100_000 });
    const staged = addStaged(cache, 'dataset', 'hf://demo/data');
    const { entries, totals, exists } = await listCache(cache, ports);
    const blocks = (file: string) => fs.lstatSync(file).blocks * 512;
    assert.equal(exists, true);
    assert.deepEqual(
      entries.map(({ bytes }) => bytes),
      [blocks(image), blocks(staged) + blocks(path.join(staged, 'data.bin'))],
    );
    assert.equal(
      totals.bytes,
      entries.reduce((sum, { bytes }) => sum + bytes, 0),
    );
  });

  it('says what is wrong with an entry', async () => {
    const missing = addPrepared(cache, 'missing', { artifact: false });
    const empty = addPrepared(cache, 'empty', { size: 0 });
    const moved = addPrepared(cache, 'moved', { artifact_path: '/elsewhere/x.sqsh' });
    const orphan = path.join(cache, 'prepared', '0123456789abcdef-orphan.sqsh');
    fs.writeFileSync(orphan, 'x');
    const link = addPrepared(cache, 'link', { artifact: false });
    fs.symlinkSync('/etc/hostname', link);
    const cut = addPrepared(cache, 'cut');
    const { cache_key: key } = JSON.parse(fs.readFileSync(`${cut}.json`, 'utf8')) as { cache_key: string };
    recordInputs({ kind: 'prepared', path: cut, manifestPath: `${cut}.json`, key }, []);
    fs.truncateSync(cut, 10);
    const damaged = addPrepared(cache, 'damaged');
    fs.writeFileSync(`${damaged}.json`, '{');
    const found = await states();
    const expected = {
      [missing]: 'missing-artifact',
      [empty]: 'truncated',
      [moved]: 'moved',
      [orphan]: 'orphan',
      [link]: 'missing-artifact',
      [cut]: 'truncated',
      [damaged]: 'damaged-manifest',
    };
    assert.deepEqual(
      found,
      Object.fromEntries(Object.entries(expected).map(([file, state]) => [path.basename(file), state])),
    );
  });

  it('takes another spelling of the same directory for the same place', async () => {
    const link = path.join(folder, 'link');
    fs.symlinkSync(cache, link);
    addPrepared(cache, 'app');
    const { entries } = await listCache(link, ports);
    assert.deepEqual(
      entries.map(({ state }) => state),
      ['ok'],
    );
  });

  it('masks values of secret names', async () => {
    addPrepared(cache, 'app', { prepare_env: ['API_TOKEN=hunter2', 'LEVEL=3'] });
    const { entries } = await listCache(cache, ports);
    assert.deepEqual(entries[0]?.prepare_env, ['API_TOKEN=<redacted>', 'LEVEL=3']);
  });

  it('tells pins and the specs that use an entry', async () => {
    const app = addPrepared(cache, 'app');
    recordUse(cache, '/project/a.yaml', [app]);
    recordUse(cache, '/project/b.yaml', [app]);
    assert.deepEqual(await changePins(cache, [app], true, ports), [app]);
    const { entries } = await listCache(cache, ports);
    assert.deepEqual(
      entries.map(({ pinned, used_by }) => ({ pinned, used_by })),
      [{ pinned: true, used_by: ['/project/a.yaml', '/project/b.yaml'] }],
    );
    await changePins(cache, [app], false, ports);
    assert.equal((await listCache(cache, ports)).entries[0]?.pinned, false);
  });

  it('keeps earlier uses of a spec when its records are merged', () => {
    const files = Array.from({ length: 40 }, (_, index) => path.join(cache, 'prepared', `${index}.sqsh`));
    for (const file of files) recordUse(cache, '/project/a.yaml', [file]);
    for (const file of files) assert.deepEqual(usersOf(cache, file), ['/project/a.yaml']);
    assert.ok(
      fs.readdirSync(
        path.join(
          cache,
          '.hpc-compose-vscode/registry',
          fs.readdirSync(path.join(cache, '.hpc-compose-vscode/registry'))[0]!,
        ),
      ).length <= 17,
    );
  });

  it('describes a cache that does not exist', async () => {
    const state = await listCache(path.join(folder, 'none'), ports);
    assert.equal(state.exists, false);
    assert.deepEqual(state.entries, []);
  });
});
