// A. Death of the tool: kill -9, signals, half-written output, power loss. See the fault catalogue, F01 to F10 and F56.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  assertCommittedWhole,
  childrenOf,
  eventually,
  leftovers,
  processesNaming,
} from '../helpers/invariants.ts';
import { runProgram } from '../helpers/cli.ts';
import { actionsOf, ALL_BUILT, errorOf, useFaultBed } from '../helpers/faultBed.ts';
import { faultyFiles } from '../helpers/faultyFiles.ts';
import { onPath } from '../helpers/onPath.ts';
import { planOf, type PlanSketch } from '../helpers/plans.ts';
import { testPorts } from '../helpers/ports.ts';
import { prepare } from '../../server/src/core/prepare/prepare.ts';
import { isOwnerDead, ownersFolderOf, type OwnerRecord } from '../../server/src/core/owner.ts';
import { skipBecause } from '../helpers/skip.ts';

const CRASHING = join(import.meta.dirname, '../helpers/crashingPrepare.ts');

describe('faults: death during prepare', function () {
  this.timeout(120_000);
  const bed = useFaultBed();

  const DEATHS = [
    ['F01', 'import', ALL_BUILT],
    ['F02', 'create', ['api reused reused', 'db reused built', 'web built built']],
    ['F03', 'start', ['api reused reused', 'db reused built', 'web built built']],
    ['F04', 'export', ['api reused reused', 'db reused built', 'web built built']],
  ] as const;
  for (const [fault, verb, expected] of DEATHS) {
    it(`${fault} kill -9 during ${verb}: the tool and its children die with us, the owner is provably dead, the next prepare sweeps and builds`, async () => {
      const match = verb === 'import' ? 'redis' : '-db-';
      const env = { FAKE_HANG: verb, FAKE_GRANDCHILD: verb, FAKE_MATCH: match };
      const { child, ended } = bed.start(env, ['--jobs', '1']);
      await bed.begun(verb);
      child.kill('SIGKILL');
      await ended;
      await eventually('the tool is gone', () => processesNaming(bed.cacheDir()).length === 0);
      assert.deepEqual(owners().map(isOwnerDead), [true]);
      assert.deepEqual((await bed.nextPrepare()).slice(0, 2), expected.slice(0, 2));
      assert.deepEqual(leftovers(bed.cacheDir()), []);
    });
  }

  it('F01 the same when what watches over it was killed before', async () => {
    const env = { FAKE_HANG: 'import', FAKE_GRANDCHILD: 'import', FAKE_MATCH: 'redis' };
    const { child, ended } = bed.start(env, ['--jobs', '1']);
    await bed.begun('import');
    const watchers = () => childrenOf(child.pid).filter(({ words }) => words[0] === '/bin/sh');
    const [first] = watchers();
    if (!first) assert.fail('nothing watches');
    process.kill(first.pid, 'SIGKILL');
    await eventually('another one watches', () => watchers().some(({ pid }) => pid !== first.pid));
    child.kill('SIGKILL');
    await ended;
    await eventually('the tool is gone', () => processesNaming(bed.cacheDir()).length === 0);
    await bed.nextPrepare();
  });

  function owners(): OwnerRecord[] {
    const folder = ownersFolderOf(bed.cacheDir());
    return readdirSync(folder).map(
      (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as OwnerRecord,
    );
  }

  it('F05 half-written output never gets the final name', async () => {
    const { child, ended } = bed.start({ FAKE_PARTIAL: 'import', FAKE_MATCH: 'redis' }, ['--jobs', '1']);
    const staged = () => leftovers(bed.cacheDir()).some((path) => path.includes('-stage-'));
    await bed.begun('import');
    await eventually('half of the image is there', staged);
    child.kill('SIGKILL');
    await ended;
    assert.deepEqual(assertCommittedWhole(bed.cacheDir()), []);
    await eventually('the tool is gone', () => processesNaming(bed.cacheDir()).length === 0);
    assert.deepEqual(await bed.nextPrepare(), ALL_BUILT);
    assert.deepEqual(leftovers(bed.cacheDir()), []);
  });

  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const) {
    it(`F07 ${signal}: children end, own files are removed, exit ${code}`, async () => {
      const { child, ended } = bed.start({ FAKE_HANG: 'start', FAKE_GRANDCHILD: 'start' });
      await bed.begun('start');
      child.kill(signal);
      assert.equal((await ended).code, code);
      assert.deepEqual(processesNaming(bed.cacheDir()), []);
      assert.deepEqual(leftovers(bed.cacheDir()), []);
      await bed.nextPrepare();
    });
  }

  it('F56 a hung tool that is deaf to TERM is killed after the grace, and everything cleaned', async () => {
    const { child, ended } = bed.start({ FAKE_HANG: 'import', FAKE_DEAF: '1' });
    await bed.begun('import');
    child.kill('SIGINT');
    assert.equal((await ended).code, 130);
    assert.deepEqual(processesNaming(bed.cacheDir()), []);
    assert.deepEqual(leftovers(bed.cacheDir()), []);
  });

  it('F56 --build-timeout stops a hung tool and names it; the others go on', async () => {
    const env = { FAKE_HANG: 'import', FAKE_MATCH: 'nginx' };
    const ended = await bed.prepare(env, ['--build-timeout', '3s']);
    assert.equal(ended.code, 1);
    assert.deepEqual(actionsOf(ended), ['api built built', 'db reused built', 'web failed skipped']);
    assert.match(errorOf(ended, 'web').message, /import took longer than 3 s/);
  });

  const sketch = (): PlanSketch => ({
    cacheDir: bed.cacheDir(),
    services: [
      { name: 'api', image: 'redis:7' },
      { name: 'db', image: 'redis:7', prepare: { commands: ['echo one'] } },
    ],
  });
  const again = async () => {
    const result = await prepare(planOf(sketch()), {}, testPorts({}, { FAKE_BYTES: '4096' }));
    return result.services.map(({ runtime_image }) => runtime_image.action);
  };

  for (const when of [1, 2, 3, 4]) {
    it(`F06 kill -9 just before rename ${when} (injected): what is committed is whole, the rest is built`, async () => {
      const command = [
        process.execPath,
        '--import=tsx',
        CRASHING,
        'rename',
        String(when),
        JSON.stringify(sketch()),
      ];
      const ended = await runProgram(command, { ...bed.options(), cwd: process.cwd() });
      assert.equal(ended.signal, 'SIGKILL', ended.stderr);
      // Image and manifest of the base, then of the prepared image.
      assert.equal(assertCommittedWhole(bed.cacheDir()).length, when <= 2 ? 0 : 1);
      assert.deepEqual(await again(), [when <= 2 ? 'built' : 'reused', 'built']);
    });
  }

  it('F06 kill -9 at each rename (strace)', async function () {
    if (!onPath('strace')) skipBecause(this, 'strace is not on PATH; the injected twin ran');
    for (let when = 1; ; when++) {
      const strace = [
        'strace',
        '-qq',
        '-o',
        '/dev/null',
        '-e',
        'trace=rename',
        '-e',
        `inject=rename:signal=KILL:when=${when}`,
      ];
      const ended = await bed.prepare({}, ['--jobs', '1'], strace);
      if (ended.code === 0) break;
      assert.equal(ended.signal, 'SIGKILL', ended.stderr);
      assertCommittedWhole(bed.cacheDir());
      await eventually('the tool is gone', () => processesNaming(bed.cacheDir()).length === 0);
      assert.ok(when < 40);
    }
    await bed.nextPrepare();
  });

  it('F10 power loss: image and manifest are synced before each rename, the directory after it (injected)', async () => {
    const files = faultyFiles();
    await prepare(planOf(sketch()), { jobs: 1 }, testPorts({ files }, { FAKE_BYTES: '4096' }));
    const order = files.calls
      .map((call) => call.split(' ')[0])
      .filter((call) => call === 'fsync' || call === 'rename');
    assert.deepEqual(order.join(' '), Array.from({ length: 4 }, () => 'fsync rename fsync').join(' '));
  });

  it('F10 power loss: the same order in the trace of a real run', async function () {
    if (!onPath('strace')) skipBecause(this, 'strace is not on PATH; the injected twin ran');
    const trace = join(bed.folder(), 'trace');
    const strace = ['strace', '-f', '-qq', '-y', '-o', trace, '-e', 'trace=fsync,rename,clone3,clone'];
    const ended = await bed.prepare({}, ['--jobs', '1'], strace);
    assert.equal(ended.code, 0, ended.stderr);
    const calls = readFileSync(trace, 'utf8')
      .split('\n')
      .filter((line) => line.includes(bed.cacheDir()) && !line.includes('.hpc-compose-vscode'));
    const renames = calls.flatMap((line, index) =>
      / rename\(.*\/(base|prepared)\/[0-9a-f]{16}-[^"]*"\)/.test(line) ? [index] : [],
    );
    assert.equal(renames.length, 8);
    for (const at of renames) {
      const [, from = '', target = ''] = /rename\("([^"]*)", "([^"]*)"/.exec(calls[at]!)!;
      assert.ok(
        calls.slice(0, at).some((line) => line.includes('fsync(') && line.includes(from)),
        `${from} is synced first`,
      );
      const folder = target.slice(0, target.lastIndexOf('/'));
      assert.ok(
        calls.slice(at).some((line) => line.includes(`fsync(`) && line.includes(`<${folder}>`)),
        `${folder} is synced after`,
      );
    }
  });
});
