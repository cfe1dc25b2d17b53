// E. What only reads must work wherever it is started: read-only caches, no home, no working directory, odd environments.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { actionsOf, ALL_BUILT, useFaultBed } from '../helpers/faultBed.ts';
import { runCli, runProgram, CLI } from '../helpers/cli.ts';
import { walk } from '../helpers/invariants.ts';
import { canMount, NAMESPACE } from '../helpers/namespace.ts';
import { STAND_IN } from '../helpers/plans.ts';
import { skipBecause } from '../helpers/skip.ts';

describe('faults: surroundings of list, inspect and prune', function () {
  this.timeout(60_000);
  const bed = useFaultBed();
  const cli = (args: readonly string[], prefix: readonly string[] = [], env = {}) =>
    runCli(['cache', ...args], { cwd: bed.folder(), prefix, env });
  const READERS = () => [
    ['list', '--cache-dir', bed.cacheDir()],
    ['inspect'],
    ['prune', '--age', '0', '--dry-run'],
  ];

  it('F17 list, inspect and plans work on a read-only file system; a prune says that it is read-only', async function () {
    if (!canMount()) skipBecause(this, 'no mount namespace here');
    await bed.prepare();
    const before = walk(bed.cacheDir());
    const script = 'mount --bind "$C" "$C" && mount -o remount,ro,bind "$C" || exit 77; exec "$@"';
    const readOnly = [...NAMESPACE, 'sh', '-c', script, 'sh'];
    const env = { C: bed.cacheDir() };
    for (const args of READERS()) {
      const ended = await cli(args, readOnly, env);
      if (ended.code === 77) skipBecause(this, 'nothing can be mounted read-only here');
      assert.equal(ended.code, 0, `${args[0] ?? ''}: ${ended.stderr}`);
    }
    const pruned = await cli(['prune', '--age', '0', '--yes'], readOnly, env);
    assert.equal(pruned.code, 1);
    assert.match(pruned.stderr, /read-only/);
    assert.deepEqual(walk(bed.cacheDir()), before);
  });

  it('F17 directories that cannot be made on a read-only file system are told as that', async function () {
    if (!canMount()) skipBecause(this, 'no mount namespace here');
    const script = 'mount --bind "$C" "$C" && mount -o remount,ro,bind "$C" || exit 77; exec "$@"';
    const options = bed.options({ C: bed.folder() }, [...NAMESPACE, 'sh', '-c', script, 'sh']);
    const register = ['register', 'x', '--host', 'n1', '--port', '80', '--job-id', '1', '--cache-dir'];
    for (const args of [
      ['prepare', '--enroot-bin', STAND_IN],
      ['rendezvous', ...register, bed.cacheDir()],
      ['preflight'],
    ]) {
      const ended = await runCli(args, options);
      if (ended.code === 77) skipBecause(this, 'nothing can be mounted read-only here');
      assert.notEqual(ended.code, 0);
      assert.match(ended.stderr, /read-only|EROFS/, args[0]);
    }
  });

  it('F37 prepare builds again what was recorded outside of the cache, and leaves that alone', async () => {
    await bed.prepare();
    const manifest = walk(bed.cacheDir()).find((file) => /redis.*\.json$/.test(file))!;
    const outside = join(bed.folder(), 'sentinel/sub/image.sqsh');
    const text = readFileSync(manifest, 'utf8');
    writeFileSync(manifest, text.replace(/"artifact_path": "[^"]*"/, `"artifact_path": "${outside}"`));
    assert.deepEqual(await bed.nextPrepare(), ['api built built', 'db reused reused', 'web reused reused']);
  });

  it('F65 F66 list and inspect work in a deleted directory and with bytes that are no UTF-8 around them', async () => {
    await bed.prepare();
    const gone = [
      'sh',
      '-c',
      'mkdir gone && cd gone && rmdir ../gone && ODD=$(printf "\\377") exec "$@"',
      'sh',
    ];
    const listed = await cli(['list', '--cache-dir', bed.cacheDir()], gone);
    assert.equal(listed.code, 0, listed.stderr);
    const inspected = await cli(['inspect', '-f', join(bed.folder(), 'compose.yaml')], gone);
    assert.equal(inspected.code, 0, inspected.stderr);
    assert.match(inspected.stdout, /cache hit/);
  });

  it('F67 without a home, with an empty or a relative one, the directory is that of the contract', async () => {
    bed.write(
      readFileSync(join(bed.folder(), 'compose.yaml'), 'utf8')
        .replace('./cache', '')
        .replace(/^ *cache_dir: *\n/m, ''),
    );
    mkdirSync(join(bed.folder(), 'rel'));
    for (const [HOME, expected] of [
      [undefined, './.cache/hpc-compose'],
      ['', '.cache/hpc-compose'],
      ['rel', 'rel/.cache/hpc-compose'],
    ] as const) {
      const options = { cwd: bed.folder(), env: { HOME } };
      const listed = await runProgram([process.execPath, CLI, 'cache', 'list'], options);
      assert.equal(listed.stdout, `no cache entries found in ${expected}\n`);
    }
    const ended = await bed.prepare({ HOME: join(bed.folder(), 'rel') });
    assert.deepEqual(actionsOf(ended), ALL_BUILT);
    assert.ok(walk(join(bed.folder(), 'rel/.cache/hpc-compose/base')).length > 0);
  });
});
