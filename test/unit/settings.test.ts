import assert from 'node:assert/strict';
import { readSettings, selectProfile, settingsBase } from '../../server/src/plan/settings.ts';

const FILE = '/p/.hpc-compose/settings.toml';

function problemsOf(text: string): (readonly [string, string])[] {
  const result = readSettings(text, FILE);
  assert.ok(!result.ok, 'should be refused');
  return result.findings.map(({ message, span }) => [message, text.slice(span.start, span.end)] as const);
}

describe('settings', () => {
  it('reads defaults, profiles and resource profiles', () => {
    const text = [
      'default_profile = "dev"',
      '[defaults.cache]',
      'dir = "/d"',
      '[profiles.dev]',
      'env_files = ["a.env", "b.env"]',
      'env = { A = "1" }',
      '[resource_profiles.big]',
      'nodes = 4',
      'mem = "4G"',
    ].join('\n');
    const result = readSettings(text, FILE);
    assert.ok(result.ok);
    const selected = selectProfile(result.settings, FILE, undefined, '/home/u');
    assert.ok(typeof selected !== 'string');
    assert.equal(selected.profileName, 'dev');
    assert.equal(selected.base, '/p');
    assert.deepEqual(selected.profile?.envFiles, ['a.env', 'b.env']);
    assert.deepEqual(selected.profile.env, { A: '1' });
    assert.equal(selected.settings.defaults.cacheDir, '/d');
    assert.deepEqual(result.settings.resourceProfiles.get('big'), { nodes: 4, mem: '4G' });
  });

  it('refuses unknown keys, wrong types and other versions at their place', () => {
    assert.match(problemsOf('[profiles.a.cache]\ndirr = "/x"')[0]![0], /unknown key 'profiles.a.cache.dirr'/);
    assert.equal(problemsOf('[profiles.a.cache]\ndirr = "/x"')[0]![1], 'dirr = "/x"');
    assert.deepEqual(problemsOf('version = 2'), [
      [
        `The settings file ${FILE} cannot be used: unsupported settings schema version 2; expected 1`,
        'version = 2',
      ],
    ]);
    assert.match(problemsOf('version = 1.0')[0]![0], /must be an integer/);
    assert.match(problemsOf('[resource_profiles.a]\nnodes = 4294967296')[0]![0], /between 0 and 4294967295/);
    assert.match(problemsOf('[watch]\nwrap = "x"')[0]![0], /watch.wrap must be true or false/);
  });

  it('names the line of a syntax error', () => {
    const [[message, place] = ['', '']] = problemsOf('version = 1\nx = \n');
    assert.match(message, /invalid TOML/);
    assert.doesNotMatch(place, /version/);
  });

  it('says which profiles there are when the one asked for is missing', () => {
    const result = readSettings('[profiles.a]\n[profiles.b]', FILE);
    assert.ok(result.ok);
    const problem = selectProfile(result.settings, FILE, 'c', undefined);
    assert.ok(typeof problem === 'string');
    assert.match(problem, /'c' is not defined.*a, b/);
  });

  it('starts relative paths above .hpc-compose, else beside the file', () => {
    assert.equal(settingsBase('/p/.hpc-compose/settings.toml'), '/p');
    assert.equal(settingsBase('/p/x.hpc-compose/settings.toml'), '/p/x.hpc-compose');
    assert.equal(settingsBase('/p/conf/s.toml'), '/p/conf');
  });
});
