import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseLine } from '../../server/src/cli/arguments.ts';
import type { CommandDefinition } from '../../server/src/cli/command.ts';
import { runCli, startCli } from '../helpers/cli.ts';
import { useFolder } from '../helpers/folder.ts';

const list: CommandDefinition = {
  path: ['cache', 'list'],
  summary: 'List',
  flags: { 'cache-dir': { value: 'DIR' }, long: {}, file: { value: 'FILE', short: 'f', repeat: true } },
  load: () => Promise.reject(new Error('not run')),
};

describe('command line', () => {
  it('takes global flags before and after the command', () => {
    const { command, args } = parseLine(['--profile', 'dev', 'cache', 'list', '--quiet', '--long'], [list]);
    assert.equal(command, list);
    assert.deepEqual(args.values.profile, ['dev']);
    assert.deepEqual([...args.switches], ['quiet', 'long']);
  });

  it('takes inline and short values, repeated where allowed', () => {
    const { args } = parseLine(['cache', 'list', '--cache-dir=/a=b', '-f', 'x', '-fy'], [list]);
    assert.deepEqual(args.values, { 'cache-dir': ['/a=b'], file: ['x', 'y'] });
  });

  it('takes short flags in a row, the last with its value', () => {
    const { args } = parseLine(['cache', 'list', '-vv', '-vfy', '-f=z'], [list]);
    assert.deepEqual([...args.switches], ['verbose']);
    assert.deepEqual(args.values, { file: ['y', 'z'] });
  });

  it('says which option was probably meant', () => {
    assert.throws(() => parseLine(['cache', 'list', '--lnog'], [list]), /did you mean --long\?/);
    assert.throws(() => parseLine(['cache', 'list', '-vx'], [list]), /unknown option '-vx'$/);
  });

  it('refuses unknown flags, missing values and repeated single values', () => {
    assert.throws(() => parseLine(['cache', 'list', '--nope'], [list]), /unknown option '--nope'/);
    assert.throws(() => parseLine(['cache', 'list', '--cache-dir'], [list]), /needs a value/);
    assert.throws(() => parseLine(['cache', 'list', '--cache-dir', 'a', '--cache-dir', 'b'], [list]), /once/);
  });

  const folder = useFolder();
  const cli = (...args: string[]) => runCli(args, { cwd: folder(), env: { HOME: folder() } });

  it('of a group alone shows the commands of the group', async () => {
    const { code, stderr } = await cli('cache');
    assert.equal(code, 2);
    assert.match(stderr, /^error: 'cache' needs one of the commands below\n/);
    assert.match(stderr, /cache prune/);
    assert.doesNotMatch(stderr, /rendezvous/);
  });

  it('says which command was probably meant', async () => {
    assert.match((await cli('prepar')).stderr, /unknown command 'prepar'; did you mean 'prepare'\?/);
    assert.match((await cli('cache', 'purne')).stderr, /did you mean 'cache prune'\?/);
  });

  it('ends at once when it is told to, also in the middle of a long analysis', async () => {
    const waiting = (index: number) => `  s${index}:\n    image: x:1\n    depends_on: [s${index + 1}]\n`;
    const spec = `services:\n${Array.from({ length: 60_000 }, (_, index) => waiting(index)).join('')}`;
    writeFileSync(join(folder(), 'compose.yaml'), spec);
    const { child, ended } = startCli(['validate'], { cwd: folder(), env: { HOME: folder() } });
    await new Promise((resolve) => setTimeout(resolve, 700));
    child.kill('SIGTERM');
    const { code, signal } = await ended;
    assert.deepEqual({ code, signal }, { code: null, signal: 'SIGTERM' });
  });

  it('shows help of the program, a group and a command where the word help stands, too', async () => {
    const shown = async (...words: string[]) => {
      const { code, stdout, stderr } = await cli(...words);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, words.join(' '));
      return stdout;
    };
    assert.equal(await shown('help'), await shown('--help'));
    assert.equal(await shown('cache', 'help'), await shown('cache', '--help'));
    assert.equal(await shown('help', 'cache'), await shown('cache', '--help'));
    assert.equal(await shown('help', 'cache', 'list'), await shown('cache', 'list', '--help'));
    assert.equal(await shown('rendezvous', 'help', 'prune'), await shown('rendezvous', 'prune', '-h'));
    assert.equal((await cli('help', 'nothing')).code, 2);
  });

  const wrong = [
    ['cache', 'list', '--cache-dir', ''],
    ['rendezvous', 'list', '--cache-dir='],
    ['cache', 'list', '--settings-file', ''],
    ['--color', 'purple', 'cache', 'list'],
    ['cache', 'prune', '--age', '18446744073709551616', '--yes'],
    ['cache', 'prune', '--age', '1.5', '--yes'],
    ['rendezvous', 'register', 'a', '--host', 'h', '--port', '65536', '--job-id', '1'],
  ];
  for (const words of wrong) {
    it(`refuses ${words.join(' ')}`, async () => {
      const { code, stdout, stderr } = await cli(...words);
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
      assert.match(stderr, /^error: --(cache-dir|settings-file|color|age|port) (needs|takes) /);
    });
  }

  it('takes the largest age, a plus sign, and colours that it does not use', async () => {
    for (const age of ['18446744073709551615', '+1']) {
      const { code, stderr } = await cli('--color=never', 'cache', 'prune', '--age', age, '--yes');
      assert.equal(code, 0, stderr);
    }
  });

  it('does not call a cache empty that is no directory', async () => {
    writeFileSync(join(folder(), 'file'), '');
    for (const long of [[], ['--long']]) {
      const { code, stdout, stderr } = await cli('cache', 'list', '--cache-dir', 'file', ...long);
      assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
      assert.match(stderr, /file failed: ENOTDIR/);
    }
  });

  it('tells an unforeseen refusal of the system with its path, not as a bug', async () => {
    mkdirSync(join(folder(), 'cache/rendezvous'), { recursive: true });
    const cut = join(folder(), `${'x'.repeat(300)}/cache`);
    const { code, stderr } = await cli('rendezvous', 'prune', '--cache-dir', cut);
    assert.equal(code, 1);
    assert.match(stderr, /^error: Reading or writing .*x\/cache\/rendezvous failed: ENAMETOOLONG/);
    assert.doesNotMatch(stderr, /bug/);
  });

  it('of a rendezvous prune is that of hpc-compose', async () => {
    const record = ['--host', 'h', '--port', '1', '--job-id', '7', '--cache-dir', 'c'];
    await cli('rendezvous', 'register', 'llm', ...record);
    const prune = (...more: string[]) =>
      cli('rendezvous', 'prune', '--job-id', '7', '--cache-dir', 'c', ...more);
    assert.equal(
      (await prune()).stdout,
      'removed 2 rendezvous record(s)\n  c/rendezvous/llm/7-manual.json\n  c/rendezvous/llm/latest.json\n',
    );
    const { stdout } = await prune('--format', 'json');
    assert.deepEqual(JSON.parse(stdout), { schema_version: 1, cache_dir: 'c', removed: [] });
  });

  it('of a prepare without enroot says what to do next', async () => {
    writeFileSync(join(folder(), 'compose.yaml'), 'services:\n  app:\n    image: redis\n');
    const args = ['prepare', '--enroot-bin', join(folder(), 'none')];
    const { code, stderr } = await cli(...args);
    assert.equal(code, 1);
    assert.match(stderr, /error: service 'app': .*not found.*\nhint: .*Install enroot/);
  });

  const outside: [string, Record<string, string>, RegExp][] = [
    ['a secret that is not there', { 'compose.yaml': 'secrets: {a: {file: none}}\n' }, /R053: .*none/],
    [
      'a secret without its variable',
      { 'compose.yaml': 'secrets: {a: {env: NO_SUCH}}\n' },
      /R053: .*NO_SUCH/,
    ],
    ['a broken .env', { '.env': 'A=1\nB\n', 'compose.yaml': 'name: [x]\n' }, /\.env:2: R002/],
    ['an env file of settings', { 'settings.toml': '[defaults]\nenv_files = ["none"]\n' }, /R003: .*none/],
  ];
  for (const [what, files, message] of outside) {
    it(`exits with 1, not 2, where the trouble is ${what}, and says what to mend`, async () => {
      const spec = 'services:\n  app:\n    image: redis\n';
      const laid = { ...files, 'compose.yaml': (files['compose.yaml'] ?? '') + spec };
      for (const [name, text] of Object.entries(laid)) writeFileSync(join(folder(), name), text);
      const settings = 'settings.toml' in files ? ['--settings-file', join(folder(), 'settings.toml')] : [];
      for (const command of [['cache', 'inspect'], ['prepare'], ['preflight']]) {
        const { code, stdout, stderr } = await cli(...settings, ...command);
        assert.deepEqual({ code, stdout }, { code: 1, stdout: '' }, stderr);
        assert.match(stderr, message);
        assert.match(
          stderr,
          /error: What the spec .* needs beside it cannot be used: .*\nhint: Mend or make/,
        );
      }
    });
  }

  it('that inspects a service which is not there names those that are', async () => {
    writeFileSync(join(folder(), 'compose.yaml'), 'services:\n  app:\n    image: redis\n');
    const { code, stderr } = await cli('cache', 'inspect', '--service', 'ap');
    assert.equal(code, 0);
    assert.match(stderr, /no service 'ap' in this spec; there are: app/);
  });
});
