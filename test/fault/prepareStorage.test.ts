// B. Full, read-only or failing storage, as far as prepare meets it. See the fault catalogue, F12 to F27. What needs a file
// system of its own runs in a user namespace where that works; its injected twin always runs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepare } from '../../server/src/core/prepare/prepare.ts';
import { publishFile } from '../../server/src/core/publish.ts';
import { runProcess, type ProcessRun } from '../../server/src/core/process.ts';
import type { PrepareResult } from '../../server/src/model/cache.ts';
import { CLI, runProgram, type Ended } from '../helpers/cli.ts';
import { actionsOf, ALL_BUILT, ALL_REUSED, errorOf, resultOf, useFaultBed } from '../helpers/faultBed.ts';
import { faultyFiles, type Fault } from '../helpers/faultyFiles.ts';
import { assertCommittedWhole, leftovers } from '../helpers/invariants.ts';
import { onPath } from '../helpers/onPath.ts';
import { planOf, STAND_IN } from '../helpers/plans.ts';
import { testPorts, type TestPorts } from '../helpers/ports.ts';
import { skipBecause } from '../helpers/skip.ts';

/** A shell in which file systems may be mounted: as root by a mount namespace, else by a user namespace. */
const NAMESPACE = process.getuid?.() === 0 ? ['unshare', '-m'] : ['unshare', '-rm'];
const canMount = () => spawnSync(NAMESPACE[0]!, [...NAMESPACE.slice(1), 'true']).status === 0;

describe('faults: storage during prepare', function () {
  this.timeout(120_000);
  const bed = useFaultBed();

  /** Runs the shell script in a namespace; `$PREPARE` in it is the command. */
  async function inNamespace(
    context: Mocha.Context,
    script: string,
    env: Record<string, string> = {},
  ): Promise<Ended> {
    if (!canMount()) skipBecause(context, 'no mount namespace here; the injected twin ran');
    const command = `${process.execPath} ${CLI} prepare --format json --enroot-bin ${STAND_IN}`;
    const options = bed.options({ PREPARE: command, C: bed.cacheDir(), ...env });
    return await runProgram([...NAMESPACE, 'sh', '-c', script], options);
  }

  const SKETCH = () => ({
    cacheDir: bed.cacheDir(),
    services: [
      { name: 'api', image: 'redis:7' },
      { name: 'db', image: 'redis:7', prepare: { commands: ['echo one'] } },
    ],
  });

  async function inject(...faults: Fault[]): Promise<{ result: PrepareResult; ports: TestPorts }> {
    const ports = testPorts({ files: faultyFiles(...faults) }, { FAKE_BYTES: '4096' });
    return { result: await prepare(planOf(SKETCH()), { jobs: 1 }, ports), ports };
  }
  const outcomes = ({ services }: PrepareResult) =>
    services.map(({ base_image, runtime_image }) => `${base_image?.action ?? '-'} ${runtime_image.action}`);
  const codes = ({ services }: PrepareResult) =>
    services.map(({ base_image, runtime_image }) => base_image?.error?.code ?? runtime_image.error?.code);

  it('F12 a full disk in import: stage removed, free bytes in the message, the others go on', async () => {
    const ended = await bed.prepare({ FAKE_ENOSPC: 'import', FAKE_MATCH: 'redis' });
    assert.equal(ended.code, 1);
    assert.deepEqual(actionsOf(ended), ['api failed failed', 'db failed skipped', 'web built built']);
    const { code, message } = errorOf(ended, 'api');
    assert.equal(code, 'no-space');
    assert.match(message, /No space left.*[0-9.]+ [KMGT]?i?B free.*import/s);
    assert.deepEqual(leftovers(bed.cacheDir()), []);
    assert.deepEqual(await bed.nextPrepare(), ['api built built', 'db reused built', 'web reused reused']);
  });

  it('F12 a full disk in export, on a real file system', async function () {
    const script =
      'mkdir $C && mount -t tmpfs -o size=1m none $C && $PREPARE; code=$?; find $C -name ".*stage*"; exit $code';
    const ended = await inNamespace(this, script, { FAKE_BYTES: '700000' });
    assert.equal(ended.code, 1);
    assert.equal(errorOf(ended, 'web').code, 'no-space');
    assert.ok(!ended.stdout.includes('-stage-'));
  });

  it('F13 a full disk in the manifest: no half manifest, no temporary, the place is named (injected)', async () => {
    const { result } = await inject({ call: 'write', errno: 'ENOSPC', path: '', when: 1 });
    assert.deepEqual(codes(result), ['no-space', 'no-space']);
    assert.deepEqual(leftovers(bed.cacheDir()), []);
    assert.deepEqual(assertCommittedWhole(bed.cacheDir()), []);
    assert.match(result.services[0]?.base_image?.error?.message ?? '', /No space left in .*\.json/);
    await bed.nextPrepare();
  });

  it('F14 a full disk when all is built: hits work, their times stay (injected)', async () => {
    await inject();
    const { result, ports } = await inject({ call: 'write', errno: 'ENOSPC' });
    assert.deepEqual(outcomes(result), ['reused reused', 'reused reused']);
    assert.match(ports.logged.join('\n'), /warn: .*cannot be written to; the image is used as it is/);
  });

  it('F14 a full disk when all is built: hits work, on a real file system', async function () {
    const script = `mkdir $C && mount -t tmpfs -o size=2m none $C && $PREPARE >/dev/null && ! cat /dev/zero > $C/fill 2>/dev/null; $PREPARE`;
    const ended = await inNamespace(this, script);
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(actionsOf(ended), ALL_REUSED);
  });

  it('F15 no inodes: the failure says so, and nothing is left', async function () {
    const script =
      'mkdir $C && mount -t tmpfs -o size=9m,nr_inodes=14 none $C; $PREPARE; code=$?; find $C -name ".*stage*"; exit $code';
    const ended = await inNamespace(this, script);
    assert.equal(ended.code, 1);
    assert.match(errorOf(ended, 'api').code, /^no-(inodes|space)$/);
    assert.match(errorOf(ended, 'api').message, /inodes/);
  });

  it('F15 no inodes (injected)', async () => {
    const none = { bavail: 10, bsize: 4096, ffree: 0, blocks: 100, files: 100 };
    const files = {
      ...faultyFiles({ call: 'open', errno: 'ENOSPC', path: '.lock' }),
      statfs: () => none as never,
    };
    const result = await prepare(planOf(SKETCH()), {}, testPorts({ files }));
    assert.deepEqual(codes(result), ['no-inodes', 'no-inodes']);
  });

  it('F16 a file size limit: named, and nothing left', async () => {
    const prefix = ['sh', '-c', 'ulimit -f 1; exec "$@"', 'sh'];
    const ended = await bed.prepare({ FAKE_BYTES: '700000', FAKE_LOG: undefined }, ['--jobs', '1'], prefix);
    assert.equal(ended.code, 1);
    assert.equal(errorOf(ended, 'api').code, 'file-too-large');
    assert.deepEqual(leftovers(bed.cacheDir()), []);
    assert.deepEqual(await bed.nextPrepare(), ALL_BUILT);
  });

  it('F17 read-only: hits are used as they are, what is missing says so (injected)', async () => {
    await inject();
    const { result, ports } = await inject({ call: 'open', errno: 'EROFS', path: '.lock' });
    assert.deepEqual(outcomes(result), ['reused reused', 'reused reused']);
    assert.match(ports.logged.join('\n'), /cannot be written to/);
    const other = await prepare(
      planOf({ ...SKETCH(), services: [{ name: 'new', image: 'alpine:3' }] }),
      {},
      testPorts({ files: faultyFiles({ call: 'makeDirectories', errno: 'EROFS' }) }),
    );
    assert.deepEqual(codes(other), ['read-only']);
  });

  it('F17 read-only: hits are used as they are, on a real file system', async function () {
    const script = '$PREPARE >/dev/null && mount --bind $C $C && mount -o remount,ro,bind $C && $PREPARE';
    const ended = await inNamespace(this, script);
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(actionsOf(ended), ALL_REUSED);
  });

  it('F18 another user’s cache: hits work, what is missing names the place', async function () {
    if (process.getuid?.() !== 0 || !onPath('runuser'))
      skipBecause(this, 'needs root to become another user');
    await bed.prepare();
    spawnSync('chmod', ['-R', 'a+rX', bed.cacheDir()]);
    chmodSync(bed.folder(), 0o755);
    // A copy of the program and the stand-in, because nobody may not be allowed into this checkout.
    const tools = join(bed.folder(), 'tools');
    spawnSync('cp', ['-rL', join(CLI, '..'), tools]);
    spawnSync('cp', ['-rL', join(STAND_IN, '..'), join(tools, 'enroot')]);
    spawnSync('chmod', ['-R', 'a+rX', tools]);
    const run = (more: readonly string[]) =>
      runProgram(
        [
          'runuser',
          '-u',
          'nobody',
          '--',
          process.execPath,
          join(tools, 'cli.js'),
          'prepare',
          '--format',
          'json',
          '--enroot-bin',
          join(tools, 'enroot/enroot.mjs'),
          ...more,
        ],
        bed.options({ FAKE_LOG: undefined, HOME: '/nonexistent' }),
      );
    const hits = await run([]);
    assert.equal(hits.code, 0, hits.stderr);
    assert.deepEqual(actionsOf(hits), ALL_REUSED);
    const forced = await run(['--force-rebuild']);
    assert.equal(forced.code, 1);
    assert.equal(errorOf(forced, 'api').code, 'permission');
    assert.match(errorOf(forced, 'api').message, /owner|Permission denied: .*cache/);
  });

  for (const when of [1, 2, 3, 4]) {
    it(`F20 an input/output error at rename ${when}: an error, nothing left, the next prepare works (injected)`, async () => {
      const { result } = await inject({ call: 'rename', errno: 'EIO', when });
      assert.ok(codes(result).includes('io'));
      assert.deepEqual(leftovers(bed.cacheDir()), []);
      assertCommittedWhole(bed.cacheDir());
      assert.deepEqual(outcomes((await inject()).result).at(0), when <= 2 ? 'built built' : 'reused reused');
    });
  }

  it('F20 an input/output error at each rename (strace)', async function () {
    if (!onPath('strace')) skipBecause(this, 'strace is not on PATH; the injected twin ran');
    // The first is the record of the owner, which is best effort.
    for (const when of [2, 3]) {
      rmSync(bed.cacheDir(), { recursive: true, force: true });
      const strace = [
        'strace',
        '-qq',
        '-o',
        '/dev/null',
        '-e',
        'trace=rename',
        '-e',
        `inject=rename:error=EIO:when=${when}`,
      ];
      const ended = await bed.prepare({}, ['--jobs', '1'], strace);
      assert.equal(ended.code, 1, ended.stderr);
      assert.ok(resultOf(ended).services.some(({ base_image }) => base_image?.error?.code === 'io'));
      assert.deepEqual(leftovers(bed.cacheDir()), []);
    }
    await bed.nextPrepare();
  });

  it('F23 a stale handle at a rename is tried once more; a move across devices is named (injected)', async () => {
    assert.deepEqual(
      outcomes((await inject({ call: 'rename', errno: 'ESTALE', when: 1 })).result)[0],
      'built built',
    );
    const other = planOf({ ...SKETCH(), services: [{ name: 'new', image: 'alpine:3' }] });
    const files = faultyFiles({ call: 'rename', errno: 'EXDEV' });
    const result = await prepare(other, {}, testPorts({ files }));
    assert.match(result.services[0]?.base_image?.error?.message ?? '', /EXDEV/);
    await bed.nextPrepare();
  });

  it('F23 a hit whose manifest cannot be renamed is used as it is (injected)', async () => {
    await inject();
    const { result, ports } = await inject({ call: 'rename', errno: 'EXDEV' });
    assert.deepEqual(outcomes(result), ['reused reused', 'reused reused']);
    assert.match(ports.logged.join(), /used as it is. \(EXDEV/);
    assert.deepEqual(leftovers(bed.cacheDir()), []);
  });

  for (const errno of ['ENOENT', 'EEXIST', 'ESTALE']) {
    it(`F24 a rename that was done although its reply says ${errno} counts as done (injected)`, async () => {
      const { result } = await inject({ call: 'rename', errno, done: true });
      assert.deepEqual(outcomes(result), ['built built', 'reused built']);
      assert.equal(assertCommittedWhole(bed.cacheDir()).length, 2);
    });
  }

  it('F24 a rename that was not done stays a failure although the target is there (injected)', async () => {
    writeFileSync(join(bed.folder(), 'from'), 'new');
    writeFileSync(join(bed.folder(), 'to'), 'old');
    const files = faultyFiles({ call: 'rename', errno: 'ENOENT' });
    await assert.rejects(publishFile(join(bed.folder(), 'from'), join(bed.folder(), 'to'), files), {
      code: 'ENOENT',
    });
    assert.equal(readFileSync(join(bed.folder(), 'to'), 'utf8'), 'old');
  });

  it('F26 no locks (ENOLCK): a build refuses with a remedy and writes no image (injected)', async () => {
    const run: ProcessRun = (request) =>
      request.command === 'flock' || request.command === 'perl'
        ? Promise.resolve({
            exitCode: 71,
            signal: undefined,
            startError: undefined,
            stdout: '',
            stderr: 'flock: 3: No locks available\n',
            strays: undefined,
          })
        : runProcess(request);
    const result = await prepare(planOf(SKETCH()), {}, testPorts({ run }));
    assert.deepEqual(codes(result), ['lock-unsupported', 'lock-unsupported']);
    assert.match(result.services[0]?.base_image?.error?.message ?? '', /cannot lock files/);
    assert.deepEqual(assertCommittedWhole(bed.cacheDir()), []);
  });

  it('F26 no locks (ENOLCK, strace)', async function () {
    if (!onPath('strace')) skipBecause(this, 'strace is not on PATH; the injected twin ran');
    const strace = [
      'strace',
      '-f',
      '-qq',
      '-o',
      '/dev/null',
      '-e',
      'trace=flock',
      '-e',
      'inject=flock:error=ENOLCK',
    ];
    const ended = await bed.prepare({}, ['--jobs', '1'], strace);
    assert.equal(ended.code, 1);
    assert.equal(errorOf(ended, 'api').code, 'lock-unsupported');
    assert.deepEqual(bed.verbs(), []);
  });

  it('F27 an input/output error when syncing, reading or looking: an error, nothing left, the next prepare works (injected)', async () => {
    for (const call of ['fsync', 'open', 'write'] as const) {
      const { result } = await inject({ call, errno: 'EIO', when: 3 });
      assert.ok(result.services.length === 2);
      assert.deepEqual(leftovers(bed.cacheDir()), [], call);
      assertCommittedWhole(bed.cacheDir());
    }
    await bed.nextPrepare();
    assert.ok(existsSync(bed.cacheDir()) && lstatSync(bed.cacheDir()).isDirectory());
  });
});
