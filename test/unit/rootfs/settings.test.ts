import assert from 'node:assert/strict';
import {
  decideCache,
  parsePyxisBoolean,
  withEnvironment,
} from '../../../server/src/model/containerOptions.ts';
import { readPlugstack } from '../../../server/src/core/rootfs/plugstack.ts';
import { readRootfsSettings } from '../../../server/src/core/rootfs/settings.ts';
import { parseDuration } from '../../../server/src/core/rootfs/duration.ts';
import { parseSize } from '../../../server/src/model/units.ts';

describe('rootfs cache options', () => {
  it('accepts exactly the spellings of pyxis', () => {
    for (const word of ['1', 'true', 'yes', 'y']) assert.equal(parsePyxisBoolean(word), true);
    for (const word of ['0', 'false', 'no', 'n']) assert.equal(parsePyxisBoolean(word), false);
    for (const word of ['True', 'on', 'TRUE', '', ' 1', undefined])
      assert.equal(parsePyxisBoolean(word), undefined);
  });

  it('refuses in the order of the proposal, each with its own words', () => {
    const all = { cache: true, save: '/x', writable: true, name: 'a:exec' };
    const kinds = [
      all,
      { ...all, image: 'i' },
      { ...all, image: 'i', save: undefined },
      { ...all, image: 'i', save: undefined, writable: false },
      { ...all, image: 'i', save: undefined, writable: false, name: 'a' },
    ].map((options) => decideCache(options).conflict?.kind);
    assert.deepEqual(kinds, ['no-image', 'save', 'writable', 'name-flag', 'no-base']);
  });

  it('ignores a plain name, accepts auto, and does nothing when it is off', () => {
    const on = { cache: true, image: 'i', base: '/b' };
    assert.deepEqual(decideCache({ ...on, name: 'mine' }), { enabled: true, ignoredName: 'mine' });
    assert.deepEqual(decideCache({ ...on, name: 'mine:auto' }), { enabled: true, ignoredName: 'mine' });
    assert.deepEqual(decideCache({ ...on, cache: false, save: '/x' }), { enabled: false });
  });

  it('lets given options win over the environment', () => {
    const env = { PYXIS_CONTAINER_CACHE: '1', PYXIS_CONTAINER_WRITABLE: 'yes' };
    assert.equal(withEnvironment({}, env).cache, true);
    assert.equal(withEnvironment({ cache: false }, env).cache, false);
    assert.equal(withEnvironment({}, env).writable, true);
    assert.equal(withEnvironment({}, { PYXIS_CONTAINER_CACHE: 'True' }).cache, undefined);
  });
});

describe('rootfs cache settings', () => {
  for (const raw of [
    { gcHigh: 80, gcLow: 80 },
    { gcHigh: 0 },
    { gcHigh: 100 },
    { gcHigh: '85%' },
    { gcLow: 1.5 },
  ]) {
    it(`04 switches the feature off for ${JSON.stringify(raw)} with RC010`, () => {
      const { settings, problems } = readRootfsSettings({ enabled: true, base: '/raid/c', ...raw });
      assert.equal(settings.enabled, false);
      assert.equal(settings.base, undefined);
      assert.equal(problems.find(({ severity }) => severity === 'error')?.code, 'RC010');
    });
  }

  it('04 warns about unknown keys and keeps the rest', () => {
    const { settings, problems } = readRootfsSettings({ base: '/raid/c/', colour: 'red', minAge: '90s' });
    assert.equal(settings.base, '/raid/c');
    assert.equal(settings.minAge, 90);
    assert.deepEqual(
      problems.map(({ severity, key }) => [severity, key]),
      [['warning', 'colour']],
    );
  });

  it('04 refuses relative and climbing directories with RC009', () => {
    for (const base of ['raid', '/raid/../etc'])
      assert.equal(readRootfsSettings({ base }).problems[0]?.code, 'RC009');
  });

  const files = (tree: Record<string, string>) => ({
    read: (path: string) => tree[path],
    glob: (pattern: string) =>
      Object.keys(tree).filter((path) => path.startsWith(pattern.replace(/\*.*$/, ''))),
  });

  it('06 reads plugstack through includes, comments and quotes', () => {
    const tree = {
      '/etc/slurm/plugstack.conf': '# first\ninclude plugstack.conf.d/*\n',
      '/etc/slurm/plugstack.conf.d/a.conf': 'optional /usr/lib/other.so x=y # pyxis.so\n',
      '/etc/slurm/plugstack.conf.d/p.conf':
        'required /usr/lib/slurm/spank_pyxis.so runtime_path=/run/p container_cache_data_path="/raid/my cache" container_cache_gc_high=90 # end',
    };
    const options = readPlugstack('/etc/slurm/plugstack.conf', files(tree));
    assert.deepEqual(options, {
      file: '/etc/slurm/plugstack.conf.d/p.conf',
      dataPath: '/raid/my cache',
      gcHigh: '90',
    });
    const { settings } = readRootfsSettings({ gcLow: 70 }, options);
    assert.deepEqual([settings.base, settings.high, settings.low], ['/raid/my cache', 90, 70]);
  });

  it('06 takes an unreadable or endless plugstack for none', () => {
    assert.equal(readPlugstack('/nope', files({})), undefined);
    assert.equal(readPlugstack('/a', files({ '/a': 'include /a\n' })), undefined);
  });

  it('reads sizes and durations', () => {
    assert.deepEqual(['0', '500M', '200GiB', '1.5k', '7x', '-1', ''].map(parseSize), [
      0,
      524288000,
      214748364800,
      1536,
      undefined,
      undefined,
      undefined,
    ]);
    assert.deepEqual(['0', '60s', '2m', '1h30m', '7d', 'soon'].map(parseDuration), [
      0,
      60,
      120,
      5400,
      604800,
      undefined,
    ]);
  });
});
