import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { readSetup, writeSetup } from '../../server/src/load/setup.ts';
import type { SetupChange } from '../../server/src/model/setup.ts';
import { useFolder } from '../helpers/folder.ts';

describe('setup', () => {
  const folder = useFolder();
  const request = (profile?: string) => ({
    cwd: folder(),
    env: { HOME: '/home/u' },
    ...(profile === undefined ? {} : { profile }),
  });
  const file = () => join(folder(), '.hpc-compose/settings.toml');
  const textOf = () => readFileSync(file(), 'utf8');
  function given(text: string): void {
    mkdirSync(join(folder(), '.hpc-compose'), { recursive: true });
    writeFileSync(file(), text);
  }
  function changed(text: string, change: SetupChange, profile?: string): string {
    given(text);
    writeSetup(request(profile), change);
    return textOf();
  }

  it('writes one env file on its line and several one a line, and characters as hpc-compose does', () => {
    writeSetup(request(), { env_files: ['a.env'], cache_dir: 'a"b\\\t' });
    assert.match(textOf(), /\nenv_files = \["a\.env"\]\n/);
    assert.match(textOf(), /\ndir = 'a"b\\\t'\n/);
    rmSync(file());
    writeSetup(request(), { env_files: ['a.env', 'b.env'], cache_dir: 'x\x7f' });
    assert.match(textOf(), /\nenv_files = \[\n {4}"a\.env",\n {4}"b\.env",\n\]\n/);
    assert.match(textOf(), /\ndir = "x\\u007F"\n/);
  });

  it('writes a new file in the form of hpc-compose, readable by its owner only', () => {
    writeSetup(request(), { compose_file: 'compose.yaml', default_profile: 'dev', cache_dir: '/shared/c' });
    const expected = [
      'version = 1',
      'default_profile = "dev"',
      '',
      '[defaults]',
      'env_files = []',
      '',
      '[defaults.env]',
      '',
      '[defaults.binaries]',
      '',
      '[defaults.cache]',
      '',
      '[profiles.dev]',
      'compose_file = "compose.yaml"',
      'env_files = []',
      '',
      '[profiles.dev.env]',
      '',
      '[profiles.dev.binaries]',
      '',
      '[profiles.dev.cache]',
      'dir = "/shared/c"',
      '',
      '[resource_profiles]',
      '',
      '[watch]',
      '',
    ].join('\n');
    assert.equal(textOf(), expected);
    assert.equal(statSync(file()).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(join(folder(), '.hpc-compose')), ['settings.toml']);
  });

  it('changes one value and keeps every other byte', () => {
    const before = [
      '# mine',
      'version=1 # v',
      '',
      '[profiles.dev.cache] # where',
      '  dir = "/old"   # keep me',
      '',
      "[profiles.'other one']",
      'compose_file = "x"',
      '[watch]',
      'wrap = true',
    ].join('\r\n');
    assert.equal(changed(before, { cache_dir: '/new' }), before.replace('/old', '/new'));
  });

  const edits: readonly (readonly [string, string, SetupChange, string])[] = [
    [
      'adds beside a sibling',
      '[profiles.dev]\nlogin_host = "h"\n# end\n',
      { compose_file: 'c' },
      '[profiles.dev]\nlogin_host = "h"\ncompose_file = "c"\n# end\n',
    ],
    [
      'adds below a bare header',
      '[profiles.dev.cache]\n[watch]\n',
      { cache_dir: 'd' },
      '[profiles.dev.cache]\ndir = "d"\n[watch]\n',
    ],
    [
      'adds a table at the end',
      '[profiles.dev]\n',
      { cache_dir: 'd' },
      '[profiles.dev]\n\n[profiles.dev.cache]\ndir = "d"\n',
    ],
    [
      'follows dotted keys',
      'profiles.dev.cache.enroot_temp_dir = "t"\n',
      { cache_dir: 'd' },
      'profiles.dev.cache.enroot_temp_dir = "t"\nprofiles.dev.cache.dir = "d"\n',
    ],
    [
      'adds a root key before the first table',
      '# head\n[watch]\n',
      { default_profile: null, login_host: 'h' },
      '# head\n[watch]\n\n[profiles.dev]\nlogin_host = "h"\n',
    ],
    [
      'clears a value with its line',
      '[profiles.dev.cache]\ndir = "d" # why\nenroot_temp_dir = "t"\n',
      { cache_dir: null },
      '[profiles.dev.cache]\nenroot_temp_dir = "t"\n',
    ],
    [
      'clears a list over several lines',
      '[profiles.dev]\nenv_files = [\n  "a", # one\n]\nlogin_host = "h"\n',
      { env_files: null },
      '[profiles.dev]\nlogin_host = "h"\n',
    ],
    [
      'replaces a table of variables name by name',
      '[profiles.dev.env]\nA = "1" # a\nB = "2"\n',
      { env: { A: '1', C: '"3"' } },
      '[profiles.dev.env]\nA = "1" # a\nC = \'"3"\'\n',
    ],
    [
      'leaves equal values as they are written',
      "[profiles.dev.cache]\ndir = '/x'\n",
      { cache_dir: '/x' },
      "[profiles.dev.cache]\ndir = '/x'\n",
    ],
    [
      'clears the default profile',
      'default_profile = "dev" # x\n[profiles.dev]\n',
      { default_profile: null },
      '[profiles.dev]\n',
    ],
  ];
  for (const [title, before, change, after] of edits) {
    it(title, () => assert.equal(changed(before, change, 'dev'), after));
  }

  it('quotes profile names where needed', () => {
    assert.equal(
      changed('[watch]\n', { cache_dir: 'd' }, 'my site'),
      '[watch]\n\n[profiles."my site".cache]\ndir = "d"\n',
    );
  });

  it('keeps secret values that were shown masked', () => {
    given('[profiles.dev.env]\nMY_TOKEN = "s3cret"\nA = "1"\n');
    assert.deepEqual(readSetup(request('dev')).env, { MY_TOKEN: '<redacted>', A: '1' });
    writeSetup(request('dev'), { env: { MY_TOKEN: '<redacted>', A: '2' } });
    assert.equal(textOf(), '[profiles.dev.env]\nMY_TOKEN = "s3cret"\nA = "2"\n');
  });

  it('refuses inline tables that it would have to take apart, and writes nothing', () => {
    const before = 'profiles = { dev = { cache = { dir = "/x" } } }\n';
    given(before);
    assert.throws(() => writeSetup(request('dev'), { cache_dir: '/y' }), {
      code: 'settings-invalid',
      message: /inline/,
    });
    assert.equal(textOf(), before);
  });

  it('refuses an invalid file and writes nothing', () => {
    given('version = 2\n');
    assert.throws(() => writeSetup(request(), { cache_dir: '/y' }), { code: 'settings-invalid' });
    assert.equal(textOf(), 'version = 2\n');
  });

  it('writes beside the nearest .git and says when commands read another file', () => {
    mkdirSync(join(folder(), 'repo/.git'), { recursive: true });
    mkdirSync(join(folder(), 'repo/sub/.hpc-compose'), { recursive: true });
    const inner = join(folder(), 'repo/sub/.hpc-compose/settings.toml');
    writeFileSync(inner, '');
    const { settings_path, warnings } = writeSetup(
      { cwd: join(folder(), 'repo/sub'), env: {} },
      { login_host: 'h' },
    );
    assert.equal(settings_path, join(folder(), 'repo/.hpc-compose/settings.toml'));
    assert.match(warnings.join(), new RegExp(`read ${inner}`));
  });

  it('warns of directories that compute nodes will not see', () => {
    const warningsOf = (cache_dir: string) => writeSetup(request(), { cache_dir }).warnings.join();
    assert.match(warningsOf('/shared/../tmp/c'), /below \/tmp/);
    assert.match(warningsOf('$HOME/c'), /not expanded/);
    assert.match(warningsOf(''), /empty cache directory/);
    assert.equal(warningsOf('/shared/c'), '');
  });

  it('writes through a link and keeps it', () => {
    writeFileSync(join(folder(), 'real.toml'), '[watch]\n');
    chmodSync(join(folder(), 'real.toml'), 0o644);
    mkdirSync(join(folder(), '.hpc-compose'));
    symlinkSync('../real.toml', file());
    writeSetup(request(), { login_host: 'h' });
    assert.match(readFileSync(join(folder(), 'real.toml'), 'utf8'), /login_host/);
    assert.equal(statSync(join(folder(), 'real.toml')).mode & 0o777, 0o600);
  });
});
