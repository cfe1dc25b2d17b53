// What the stand-in for enroot does on demand, and that it never runs a command against the host's tree.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const STAND_IN = fileURLToPath(new URL('../helpers/enroot/enroot.mjs', import.meta.url));

describe('enroot stand-in', () => {
  let folder: string;
  const at = (name: string) => path.join(folder, name);
  const environment = (extra: Record<string, string>) => ({
    ...{ PATH: process.env.PATH, HOME: folder, TMPDIR: folder, FAKE_LOG: at('log') },
    ...{ ENROOT_CACHE_PATH: at('cache'), ENROOT_DATA_PATH: at('data'), ENROOT_TEMP_PATH: folder },
    ...extra,
  });
  const run = (args: readonly string[], extra: Record<string, string> = {}) =>
    spawnSync(STAND_IN, args, { cwd: folder, encoding: 'utf8', env: environment(extra) });
  const importTo = (name: string, extra: Record<string, string> = {}, uri = 'docker://busybox') =>
    run(['import', '-o', name, uri], extra);
  const log = () => fs.readFileSync(at('log'), 'utf8').trimEnd().split('\n');
  const until = async (condition: () => boolean) => {
    while (!condition()) await sleep(10);
  };

  beforeEach(() => {
    folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'enroot-stand-in-')));
  });
  afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

  it('logs begin and end of a call on one line each, line ends in arguments escaped', () => {
    importTo('a.sqsh');
    run(['create', '--name', 'a', 'a.sqsh']);
    run(['start', '--rw', 'a', '/bin/sh', '-lc', 'one\ntwo']);
    const lines = log();
    assert.equal(lines.length, 6);
    assert.match(lines[0]!, /^\d{13} \d+ begin import -o a\.sqsh docker:\/\/busybox$/);
    assert.match(lines[4]!, /begin start --rw a \/bin\/sh -lc one\\ntwo$/);
  });

  it('records exact arguments and environment as JSON', () => {
    importTo('a.sqsh', { FAKE_RECORD: at('record'), NVIDIA_VISIBLE_DEVICES: 'void' });
    const line = JSON.parse(fs.readFileSync(at('record'), 'utf8')) as {
      argv: string[];
      env: Record<string, string>;
    };
    assert.deepEqual(line.argv, ['import', '-o', 'a.sqsh', 'docker://busybox']);
    assert.equal(line.env.NVIDIA_VISIBLE_DEVICES, 'void');
  });

  it('fails the named verb with the message and exit code asked for, only where FAKE_MATCH fits', () => {
    const faults = {
      FAKE_FAIL: 'import',
      FAKE_STDERR: '401 unauthorized',
      FAKE_EXIT: '7',
      FAKE_MATCH: 'redis',
    };
    const failed = importTo('a.sqsh', faults, 'docker://redis');
    assert.equal(failed.status, 7);
    assert.match(failed.stderr, /401 unauthorized/);
    assert.equal(importTo('b.sqsh', faults).status, 0);
  });

  it('fails only the first calls with FAKE_TIMES and FAKE_COUNTER', () => {
    const faults = { FAKE_FAIL: 'import', FAKE_TIMES: '1', FAKE_COUNTER: at('counter') };
    assert.deepEqual([importTo('a.sqsh', faults).status, importTo('a.sqsh', faults).status], [1, 0]);
  });

  it('answers like a registry that refuses', () => {
    const { status, stderr } = importTo('a.sqsh', { FAKE_STATUS: '404' });
    assert.equal(status, 1);
    assert.match(
      stderr,
      /URL https:\/\/registry-1\.docker\.io\/v2\/library\/busybox\/manifests\/latest returned error code: 404 Not Found/,
    );
    assert.match(
      importTo('a.sqsh', {}, 'docker://reg.invalid/x').stderr,
      /Could not resolve host: reg\.invalid/,
    );
  });

  it('writes outputs of the size asked for', () => {
    importTo('a.sqsh', { FAKE_BYTES: '700000' });
    assert.equal(fs.statSync(at('a.sqsh')).size, 700000);
    importTo('b.sqsh', { FAKE_BYTES: '100' });
    assert.equal(fs.statSync(at('b.sqsh')).size, 100);
    assert.equal(run(['create', '--name', 'b', 'b.sqsh']).status, 0);
  });

  it('runs out of space on demand, with part of the output left', () => {
    const { status, stderr } = importTo('a.sqsh', { FAKE_ENOSPC: 'import' });
    assert.equal(status, 1);
    assert.match(stderr, /No space left on device/);
    assert.ok(fs.statSync(at('a.sqsh')).size > 0);
  });

  it('hangs until killed and removes its temporary folder on a plain signal', async () => {
    const child = spawn(STAND_IN, ['import', '-o', 'a.sqsh', 'docker://a'], {
      cwd: folder,
      env: environment({ FAKE_IMPORT: '600' }),
    });
    const ended = new Promise((resolve) => child.on('exit', (_code, signal) => resolve(signal)));
    await until(() => fs.readdirSync(folder).some((name) => name.startsWith('enroot.')));
    child.kill('SIGTERM');
    assert.equal(await ended, 'SIGTERM');
    assert.ok(!fs.readdirSync(folder).some((name) => name.startsWith('enroot.')));
  });

  it('is deaf to everything but SIGKILL with FAKE_DEAF', async () => {
    const env = environment({ FAKE_HANG: 'import', FAKE_DEAF: '1' });
    const child = spawn(STAND_IN, ['import', '-o', 'a.sqsh', 'docker://a'], { cwd: folder, env });
    const ended = new Promise((resolve) => child.on('exit', (_code, signal) => resolve(signal)));
    await until(() => fs.existsSync(at('log')));
    child.kill('SIGTERM');
    child.kill('SIGINT');
    await sleep(100);
    assert.equal(child.exitCode ?? child.signalCode, null);
    child.kill('SIGKILL');
    assert.equal(await ended, 'SIGKILL');
  });

  it('lets a grandchild finish the work when only the parent is killed', async () => {
    const env = environment({ FAKE_GRANDCHILD: 'import', FAKE_IMPORT: '0.3' });
    const child = spawn(STAND_IN, ['import', '-o', 'a.sqsh', 'docker://a'], {
      cwd: folder,
      env,
      detached: true,
    });
    await until(() => fs.existsSync(at('log')) && log().length === 2);
    child.kill('SIGKILL');
    await until(() => log().some((line) => line.includes(' end import')));
    assert.ok(fs.existsSync(at('a.sqsh')));
  });

  it('writes commands down inside a writable image that has no shell', () => {
    importTo('a.sqsh');
    run(['create', '--name', 'a', 'a.sqsh']);
    const host = at('host');
    assert.equal(run(['start', '--rw', '--env', 'K=V', 'a', '/bin/sh', '-lc', `touch ${host}`]).status, 0);
    assert.ok(!fs.existsSync(host), 'nothing happened on the host');
    const line = JSON.parse(fs.readFileSync(at('data/a/var/log/enroot-stand-in.log'), 'utf8')) as {
      argv: string[];
    };
    assert.deepEqual(line.argv, ['/bin/sh', '-lc', `touch ${host}`]);
    run(['start', 'a', '/bin/sh', '-lc', 'again']);
    assert.equal(fs.readFileSync(at('data/a/var/log/enroot-stand-in.log'), 'utf8').split('\n').length, 2);
  });
});
