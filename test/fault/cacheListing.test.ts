// Faults on listing and inspecting: one bad file, a stale directory or a broken pipe never hides the rest.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { Manifest } from '../../server/src/model/cache.ts';
import { addPrepared, makeCache } from '../helpers/cacheBuilder.ts';
import { CLI, runCli, type Ended } from '../helpers/cli.ts';
import { useFolder } from '../helpers/folder.ts';
import { assertInvariants, plantSentinel, type Sentinel } from '../helpers/invariants.ts';
import { INJECTORS } from '../helpers/inject.ts';
import { onPath } from '../helpers/onPath.ts';
import { skipBecause } from '../helpers/skip.ts';

describe('faults on listing a cache', function () {
  this.timeout(60_000);
  let sentinel: Sentinel;
  let cache: string;
  afterEach(() => assertInvariants(cache, sentinel));
  const folder = useFolder();
  beforeEach(() => {
    sentinel = plantSentinel(folder());
    cache = makeCache(path.join(folder(), 'cache'));
  });

  const cli = (args: readonly string[], prefix: readonly string[] = []): Promise<Ended> =>
    runCli(['cache', ...args, '--cache-dir', cache], { cwd: folder(), prefix });
  const list = async (prefix?: readonly string[]) => {
    const ended = await cli(['list', '--format', 'json'], prefix);
    assert.equal(ended.code, 0, ended.stderr);
    const paths = (JSON.parse(ended.stdout) as Manifest[]).map(({ artifact_path }) => artifact_path);
    return { paths, stderr: ended.stderr };
  };

  it('F11 ends quietly when the reader of a listing goes away', async () => {
    for (let index = 0; index < 600; index++)
      addPrepared(cache, `service-${index}`, { locks: false, size: 0 });
    const child = spawn(process.execPath, [CLI, 'cache', 'list', '--cache-dir', cache], { cwd: folder() });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.stdout.destroy();
    const code = await new Promise((resolve) => child.on('close', resolve));
    assert.deepEqual([code, stderr], [0, '']);
  });

  it('F11 names a full disk behind standard output', async () => {
    addPrepared(cache, 'app');
    const program = ['sh', '-c', `exec "$0" "$@" > /dev/full`];
    const ended = await cli(['list'], program);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /No space left in standard output/);
  });

  it('F19 skips and reports a directory that may not be read', async function () {
    const app = addPrepared(cache, 'app');
    const closed = path.join(cache, 'closed');
    fs.mkdirSync(closed, { mode: 0o000 });
    if (process.getuid?.() !== 0) {
      const { paths, stderr } = await list();
      // The checks after each test look into every directory.
      fs.chmodSync(closed, 0o700);
      assert.deepEqual(paths, [app]);
      assert.match(stderr, /closed: permission denied/);
      return;
    }
    if (!onPath('runuser')) skipBecause(this, 'root reads every directory, and runuser is not there');
    fs.chmodSync(folder(), 0o755);
    execFileSync('chmod', ['-R', 'a+rX', cache]);
    fs.chmodSync(closed, 0o000);
    const reachable = execCheck([
      'runuser',
      '-u',
      'nobody',
      '--',
      process.execPath,
      '-e',
      `require('fs').readdirSync(${JSON.stringify(cache)});require('fs').accessSync(${JSON.stringify(CLI)})`,
    ]);
    if (!reachable) skipBecause(this, 'the user nobody cannot run this Node or reach this checkout');
    const { paths, stderr } = await list(['runuser', '-u', 'nobody', '--']);
    assert.deepEqual(paths, [app]);
    assert.match(stderr, /closed: permission denied/);
  });

  for (const injector of INJECTORS) {
    it(`F21 reports a manifest that the disk does not give back and lists the rest (${injector.name})`, async function () {
      if (injector.missing !== undefined) skipBecause(this, injector.missing);
      const [bad, good] = [addPrepared(cache, 'bad'), addPrepared(cache, 'good')];
      const prefix = injector.prefix({ call: 'open', fault: 'EIO', path: `${bad}.json` });
      const { paths, stderr } = await list(prefix);
      assert.deepEqual(paths, [good]);
      assert.match(stderr, /bad\.sqsh\.json: the manifest cannot be read \(EIO\)/);
    });
  }

  it('F25 lists on while entries vanish between a look and a read', async () => {
    const kept = addPrepared(cache, 'kept');
    const script = `
      const fs = require('node:fs'); const [file] = process.argv.slice(1);
      const text = fs.readFileSync(file + '.json');
      for (;;) { try { fs.unlinkSync(file + '.json'); fs.writeFileSync(file + '.json.new', text); fs.renameSync(file + '.json.new', file + '.json'); } catch {} }`;
    const flickering = Array.from({ length: 4 }, (_, index) => addPrepared(cache, `flicker-${index}`));
    const children = flickering.map((file) => spawn(process.execPath, ['-e', script, file]));
    try {
      for (let round = 0; round < 5; round++) {
        const { paths, stderr } = await list();
        assert.ok(paths.includes(kept));
        assert.equal(stderr, '');
      }
    } finally {
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(children.map((child) => new Promise((resolve) => child.once('close', resolve))));
    }
  });

  it('F28 reports damaged manifests with their cause and lists the rest', async () => {
    const good = addPrepared(cache, 'good');
    const text = fs.readFileSync(`${good}.json`, 'utf8');
    const damage: Record<string, string | Buffer> = {
      truncated: text.slice(0, 120),
      empty: '',
      binary: Buffer.from([0xff, 0xfe, 0, 1, 2, 0x80]),
      'wrong-type': text.replace(/"created_at": \d+/, '"created_at": -1.5'),
      'duplicate-key': text.replace('{\n', '{\n  "kind": "base",\n'),
    };
    for (const [name, bytes] of Object.entries(damage))
      fs.writeFileSync(`${addPrepared(cache, name)}.json`, bytes);
    const { paths, stderr } = await list();
    assert.deepEqual(paths, [good]);
    for (const name of Object.keys(damage))
      assert.match(stderr, new RegExp(`-${name}\\.sqsh\\.json: the manifest cannot be used`));
    assert.equal((await cli(['prune', '--age', '0', '--yes'])).code, 0);
  });

  it('F29 F31 F32 reports links to nothing, pipes and directories at the place of a manifest, and never hangs', async () => {
    const good = addPrepared(cache, 'good');
    const at = (name: string) => {
      const file = `${addPrepared(cache, name)}.json`;
      fs.rmSync(file);
      return file;
    };
    fs.symlinkSync('nowhere', at('dangling'));
    execFileSync('mkfifo', [at('pipe')]);
    fs.mkdirSync(at('directory'));
    const { paths, stderr } = await list();
    assert.deepEqual(paths, [good]);
    for (const what of ['a link to nothing', 'a named pipe', 'a directory'])
      assert.match(stderr, new RegExp(what));
    assert.equal((await cli(['prune', '--age', '9999', '--yes'])).code, 0);
  });

  it('F30 does not look into root file systems of builds', async () => {
    const good = addPrepared(cache, 'good');
    const rootfs = path.join(cache, 'enroot/data/hpc-compose-x-1-1-0');
    fs.mkdirSync(rootfs);
    fs.writeFileSync(path.join(rootfs, 'demo.sqsh.json'), '{');
    assert.deepEqual(await list(), { paths: [good], stderr: '' });
  });

  it('F33 does not read what is too big for a manifest', async () => {
    const good = addPrepared(cache, 'good');
    const big = addPrepared(cache, 'big');
    fs.truncateSync(`${big}.json`, 100 * 1024 * 1024);
    const { paths, stderr } = await list();
    assert.deepEqual(paths, [good]);
    assert.match(stderr, /bigger than 1048576 bytes/);
  });

  it('F34 tells a missing, an empty and a cut image', async () => {
    addPrepared(cache, 'missing', { artifact: false });
    addPrepared(cache, 'empty', { size: 0 });
    const { stdout } = await cli(['list', '--long', '--format', 'json']);
    const { entries } = JSON.parse(stdout) as { entries: { service_names: string[]; state: string }[] };
    assert.deepEqual(
      Object.fromEntries(entries.map(({ service_names, state }) => [service_names[0], state])),
      { missing: 'missing-artifact', empty: 'truncated' },
    );
  });

  it('F40 does not follow a linked directory and says so once', async () => {
    const elsewhere = path.join(folder(), 'elsewhere');
    fs.renameSync(path.join(cache, 'prepared'), elsewhere);
    fs.symlinkSync(elsewhere, path.join(cache, 'prepared'));
    fs.writeFileSync(path.join(elsewhere, 'x.sqsh.json'), '{');
    const { paths, stderr } = await list();
    assert.deepEqual(paths, []);
    assert.equal(stderr.split('\n').filter((line) => line.includes('was not followed')).length, 1);
  });

  it('F43 keeps one entry on one line of text and its exact name in JSON', async () => {
    const prepared = path.join(cache, 'prepared');
    const source = fs.readFileSync(`${addPrepared(cache, 'app')}.json`, 'utf8');
    for (const name of ['a\nb', 'café-\u{1f600}'])
      fs.writeFileSync(path.join(prepared, `0123456789abcdef-${name}.sqsh.json`), source);
    const { paths } = await list();
    assert.ok(paths.includes(path.join(prepared, '0123456789abcdef-a\nb.sqsh')));
    assert.ok(paths.includes(path.join(prepared, '0123456789abcdef-café-\u{1f600}.sqsh')));
    const { stdout } = await cli(['list']);
    assert.equal(stdout.trimEnd().split('\n').length, 1 + paths.length);
    assert.match(stdout, /a\\nb\.sqsh/);
  });

  it('F44 flags a name that is not UTF-8 instead of failing', async () => {
    const good = addPrepared(cache, 'good');
    const name = Buffer.concat([
      Buffer.from(`${cache}/prepared/0123456789abcdef-`),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('.sqsh.json'),
    ]);
    fs.writeFileSync(name, fs.readFileSync(`${good}.json`));
    const { paths, stderr } = await list();
    assert.deepEqual(paths, [good]);
    assert.match(stderr, /not valid UTF-8/);
  });

  it('F47 masks secret values in everything that is printed', async () => {
    const app = addPrepared(cache, 'app', { prepare_env: ['API_TOKEN=hunter2-secret', 'LEVEL=3'] });
    for (const args of [
      ['list'],
      ['list', '--format', 'json'],
      ['list', '--long', '--format', 'json'],
      ['verify'],
    ]) {
      const { stdout, stderr } = await cli(args);
      assert.doesNotMatch(stdout + stderr, /hunter2/);
    }
    assert.match(fs.readFileSync(`${app}.json`, 'utf8'), /hunter2/);
  });

  it('F48 keeps what a fast clock dated into the future', async () => {
    const ahead = 9_000_000_000;
    const app = addPrepared(cache, 'app', { created_at: ahead, last_used_at: ahead });
    const { stdout } = await cli(['prune', '--age', '0', '--dry-run']);
    assert.match(stdout, /keep\t.*in the future \(a clock was ahead\)/);
    assert.equal((await cli(['prune', '--age', '0', '--yes'])).code, 0);
    assert.ok(fs.existsSync(app));
  });

  it('gives the same listing from the index, and sees each change', async () => {
    for (let index = 0; index < 1200; index++)
      addPrepared(cache, `service-${index}`, { locks: false, size: 0 });
    const before = new Date(Date.now() - 60_000);
    for (const directory of ['', 'base', 'prepared', 'datasets', 'models'])
      fs.utimesSync(path.join(cache, directory), before, before);
    const first = await cli(['list']);
    const index = path.join(cache, '.hpc-compose-vscode/index/list.text');
    assert.ok(fs.existsSync(index));
    assert.equal((await cli(['list'])).stdout, first.stdout);
    const added = addPrepared(cache, 'added');
    const second = await cli(['list']);
    assert.ok(second.stdout.includes(added));
    fs.rmSync(`${added}.json`);
    assert.equal((await cli(['list'])).stdout, first.stdout);
    fs.truncateSync(index, 1000);
    assert.equal((await cli(['list'])).stdout, first.stdout);
  });
});

function execCheck([command = '', ...args]: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
