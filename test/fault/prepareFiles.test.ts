// C and E. Bad files in the cache and odd surroundings, as far as prepare meets them. See the fault catalogue, F28 to F49 and F61 to F70.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { prepare } from '../../server/src/core/prepare/prepare.ts';
import { runProgram, CLI } from '../helpers/cli.ts';
import { actionsOf, ALL_BUILT, ALL_REUSED, errorOf, resultOf, useFaultBed } from '../helpers/faultBed.ts';
import { assertCommittedWhole, leftovers, walk } from '../helpers/invariants.ts';
import { planOf, STAND_IN } from '../helpers/plans.ts';
import { testPorts } from '../helpers/ports.ts';

describe('faults: bad files and surroundings of prepare', function () {
  this.timeout(120_000);
  const bed = useFaultBed();
  const image = (part: string) =>
    walk(bed.cacheDir()).find((path) => path.includes(part) && path.endsWith('.sqsh'))!;
  const REDIS_AGAIN = ['api built built', 'db reused reused', 'web reused reused'];

  const DAMAGE: readonly (readonly [string, (text: string) => string])[] = [
    ['truncated', (text) => text.slice(0, text.length / 2)],
    ['empty', () => ''],
    ['binary', () => '\u0000\u0001\u0002'],
    ['of the wrong type', (text) => text.replace(/"created_at": \d+/, '"created_at": "now"')],
    ['with a key twice', (text) => text.replace('{', '{ "kind": "base",')],
  ];
  it('F28 a damaged manifest is replaced by a new build, whatever its damage', async () => {
    await bed.prepare();
    for (const [, damage] of DAMAGE) {
      const path = `${image('redis')}.json`;
      writeFileSync(path, damage(readFileSync(path, 'utf8')));
      assert.deepEqual(await bed.nextPrepare(), REDIS_AGAIN);
    }
  });

  it('F32 F42 a directory at the place of a manifest or an image: said before anything is built, and left alone', async () => {
    await bed.prepare();
    const [redis, nginx] = [image('redis'), image('nginx')];
    rmSync(`${redis}.json`);
    mkdirSync(join(`${redis}.json`, 'mine'), { recursive: true });
    rmSync(nginx);
    mkdirSync(join(nginx, 'mine'), { recursive: true });
    rmSync(bed.log());
    const ended = await bed.prepare();
    for (const [service, path] of [
      ['api', `${redis}.json`],
      ['web', nginx],
    ] as const) {
      assert.equal(errorOf(ended, service).code, 'artifact-unusable');
      assert.ok(errorOf(ended, service).message.includes(path));
      assert.ok(existsSync(join(path, 'mine')));
      rmSync(path, { recursive: true });
    }
    assert.ok(!bed.verbs().includes('import'));
    assert.deepEqual(await bed.nextPrepare(), ['api built built', 'db reused reused', 'web built reused']);
  });

  const CUTS: readonly (readonly [string, (path: string) => void])[] = [
    ['an empty image', (path) => truncateSync(path, 0)],
    ['a cut-off image', (path) => truncateSync(path, lstatSync(path).size - 4096)],
    ['a missing image', (path) => rmSync(path)],
  ];
  it('F34 an image that is empty, cut off or missing is built again although its manifest is good', async () => {
    // A substitute image of known size: real squashfs files end in padding.
    const env = { FAKE_BYTES: '20000' };
    await bed.prepare(env);
    for (const [what, cut] of CUTS) {
      cut(image('redis'));
      const ended = await bed.prepare(env);
      assert.deepEqual(actionsOf(ended), REDIS_AGAIN, what);
      assertCommittedWhole(bed.cacheDir());
    }
  });

  it('F35 an image without its manifest is built again', async () => {
    await bed.prepare();
    rmSync(`${image('redis')}.json`);
    assert.deepEqual(await bed.nextPrepare(), REDIS_AGAIN);
  });

  it('F38 a link at the place of an image or its manifest is replaced, never followed', async () => {
    await bed.prepare();
    const target = join(bed.folder(), 'sentinel/sub/image.sqsh');
    const redis = image('redis');
    rmSync(redis);
    symlinkSync(target, redis);
    assert.deepEqual(await bed.nextPrepare(), REDIS_AGAIN);
    rmSync(`${redis}.json`);
    symlinkSync(join(bed.folder(), 'sentinel/file'), `${redis}.json`);
    assert.deepEqual(await bed.nextPrepare(), REDIS_AGAIN);
    assert.ok(lstatSync(redis).isFile() && lstatSync(`${redis}.json`).isFile());
  });

  it('F39 a lock that is a link to somebody’s file is refused, and the file keeps its mode', async () => {
    await bed.prepare();
    const lock = `${image('redis')}.build.lock`;
    rmSync(lock);
    symlinkSync(join(bed.folder(), 'sentinel/file'), lock);
    const ended = await bed.prepare();
    assert.equal(errorOf(ended, 'api').code, 'lock-unsafe');
    assert.equal(actionsOf(ended)[2], 'web reused reused');
    assert.equal(lstatSync(join(bed.folder(), 'sentinel/file')).mode & 0o777, 0o640);
    rmSync(lock);
    assert.deepEqual(await bed.nextPrepare(), ALL_REUSED);
  });

  it('F45 long service names: what fits is built, what does not is refused before anything is imported', async () => {
    const sketch = (length: number) => ({
      cacheDir: bed.cacheDir(),
      services: [{ name: 'n'.repeat(length), image: 'redis:7', prepare: {} }],
    });
    const run = (length: number) =>
      prepare(planOf(sketch(length)), {}, testPorts({}, { FAKE_LOG: bed.log() }));
    const refused = await run(200);
    assert.equal(refused.services[0]?.runtime_image.error?.code, 'name-too-long');
    assert.match(refused.services[0].runtime_image.error.message, /255/);
    assert.deepEqual(bed.verbs(), []);
    const built = await run(180);
    assert.equal(built.services[0]?.runtime_image.action, 'built');
  });

  it('F47 secrets appear in no message and no result; the manifest keeps its bytes', async () => {
    const secret = 'sesame-open';
    bed.write(`x-slurm: {cache_dir: ./cache}
services:
  a:
    image: redis:7
    command: "true"
    x-runtime: {prepare: {commands: ["true"], env: {DB_PASSWORD: "${secret}"}}}
`);
    const failed = await bed.prepare({ FAKE_FAIL: 'start', FAKE_STDERR: `bad ${secret}` }, ['--debug']);
    assert.doesNotMatch(failed.stdout + failed.stderr, new RegExp(secret));
    assert.match(errorOf(failed, 'a').message, /bad <redacted>/);
    const built = await bed.prepare({}, ['--debug']);
    assert.doesNotMatch(built.stdout + built.stderr, new RegExp(secret));
    assert.match(built.stderr, /warning: secret values .* of a are stored in clear/);
    assert.match(readFileSync(`${image('-a.sqsh')}.json`, 'utf8'), /"DB_PASSWORD=sesame-open"/);
    const others = walk(join(bed.cacheDir(), '.hpc-compose-vscode')).filter((path) =>
      lstatSync(path).isFile(),
    );
    for (const path of others) assert.doesNotMatch(readFileSync(path, 'utf8'), new RegExp(secret), path);
  });

  it('F49 the clock is set back during a build: the manifest is written, the image is a hit', async () => {
    const plan = planOf({ cacheDir: bed.cacheDir(), services: [{ name: 'a', image: 'redis:7' }] });
    let now = 2_000_000_000;
    const ports = testPorts({ now: () => (now -= 1_000_000) });
    await prepare(plan, {}, ports);
    const again = await prepare(plan, {}, ports);
    assert.equal(again.services[0]?.runtime_image.action, 'reused');
  });

  it('F36 F61 a cache that was moved is built again; one reached by another spelling is a hit, its record left as found', async () => {
    await bed.prepare();
    const before = readFileSync(`${image('redis')}.json`, 'utf8');
    symlinkSync('cache', join(bed.folder(), 'alias'));
    bed.write(readFileSync(join(bed.folder(), 'compose.yaml'), 'utf8').replace('./cache', './alias'));
    assert.deepEqual(actionsOf(await bed.prepare()), ALL_REUSED);
    const times = /"last_used_at": \d+/;
    assert.equal(
      readFileSync(`${image('redis')}.json`, 'utf8').replace(times, ''),
      before.replace(times, ''),
    );
    rmSync(join(bed.folder(), 'alias'));
    renameSync(bed.cacheDir(), join(bed.folder(), 'alias'));
    assert.deepEqual(actionsOf(await bed.prepare()), ALL_BUILT);
  });

  it('F62 a missing tool, or one that is not executable: exit 1 before any write', async () => {
    writeFileSync(join(bed.folder(), 'plain'), '#!/bin/sh\n', { mode: 0o644 });
    for (const tool of ['/nonexistent', join(bed.folder(), 'plain'), bed.folder()]) {
      const ended = await runProgram(
        [process.execPath, CLI, 'prepare', '--format', 'json', '--enroot-bin', tool],
        bed.options(),
      );
      assert.equal(ended.code, 1);
      assert.equal(errorOf(ended, 'api').code, 'tool-missing');
      assert.equal(existsSync(bed.cacheDir()), false);
    }
  });

  for (const [verb, expected] of [
    ['import', ['api failed failed', 'db failed skipped', 'web failed skipped']],
    ['create', ['api built built', 'db reused failed', 'web built failed']],
    ['start', ['api built built', 'db reused failed', 'web built failed']],
    ['export', ['api built built', 'db reused failed', 'web built failed']],
    ['remove', ALL_BUILT],
  ] as const) {
    it(`F63 a failing ${verb}: ${verb === 'remove' ? 'a finished build stays one' : 'verb, exit status and last words are named, nothing is left'}`, async () => {
      const ended = await bed.prepare({ FAKE_FAIL: verb, FAKE_EXIT: '17' });
      assert.deepEqual(actionsOf(ended), expected);
      assert.equal(ended.code, verb === 'remove' ? 0 : 1);
      if (verb !== 'remove') {
        assert.match(
          errorOf(ended, 'db').message,
          new RegExp(`${verb} exited with 17: \\[ERROR\\] ${verb} failed`),
        );
      }
      assert.deepEqual(leftovers(bed.cacheDir()), []);
    });
  }

  it('F64 known messages become causes', async () => {
    const said = [
      ['curl: (22) The requested URL returned error: 401 Unauthorized', 'registry-auth'],
      ['denied: access to the resource is denied', 'registry-auth'],
      ['[ERROR] manifest unknown', 'image-not-found'],
      ['mksquashfs: Read failed because Stale file handle', 'stale-handle'],
      ['write error: Disk quota exceeded', 'quota'],
      ['something else', 'tool-failed'],
    ] as const;
    for (const [words, code] of said) {
      const ended = await bed.prepare({ FAKE_FAIL: 'import', FAKE_STDERR: words });
      assert.equal(errorOf(ended, 'api').code, code, words);
      assert.ok(errorOf(ended, 'api').message.includes(words), words);
    }
  });

  it('F65 a working directory that was deleted: absolute paths go on working', async () => {
    const spec = join(bed.folder(), 'compose.yaml');
    const script = `mkdir gone && cd gone && rmdir ../gone && exec "$@"`;
    const ended = await bed.prepare({}, ['-f', spec], ['sh', '-c', script, 'sh']);
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(actionsOf(ended), ALL_BUILT);
  });

  it('F66 bytes that are no UTF-8 in the environment are no obstacle', async () => {
    const script = `ODD=$(printf '\\377') exec "$@"`;
    const ended = await bed.prepare({}, [], ['sh', '-c', script, 'sh']);
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(actionsOf(ended), ALL_BUILT);
  });

  it('F69 few file descriptors: many services at once are queued, not failed', async () => {
    const services = Array.from(
      { length: 40 },
      (_none, index) => `  s${index}: {image: "redis:${index % 3}", command: "true"}`,
    );
    bed.write(`x-slurm: {cache_dir: ./cache}\nservices:\n${services.join('\n')}\n`);
    const limited = ['sh', '-c', 'ulimit -n 40; exec "$@"', 'sh'];
    for (const expected of ['built', 'reused']) {
      const ended = await bed.prepare({}, ['--jobs', '3'], limited);
      assert.equal(ended.code, 0, ended.stderr + ended.stdout);
      assert.equal(resultOf(ended).services[0]?.runtime_image.action, expected);
    }
  });

  it('F70 umask 077 and 002 give the modes of the contract', async () => {
    for (const [umask, manifest, folder] of [
      ['077', 0o600, 0o700],
      ['002', 0o664, 0o775],
    ] as const) {
      const ended = await bed.prepare({}, [], ['sh', '-c', `umask ${umask}; exec "$@"`, 'sh']);
      assert.equal(ended.code, 0, ended.stderr);
      assert.equal(lstatSync(`${image('redis')}.json`).mode & 0o777, manifest);
      assert.equal(lstatSync(`${image('redis')}.build.lock`).mode & 0o777, 0o600);
      assert.equal(lstatSync(join(bed.cacheDir(), 'base')).mode & 0o777, folder);
      execFileSync('rm', ['-rf', bed.cacheDir()]);
    }
    assert.equal(spawnSync(STAND_IN, ['version']).status, 0);
  });
});
