// F06 for every kind of call that changes something: kill -9 at the first, the second, … until a run ends by itself. After each
// death the invariants hold and, at the end, one plain prepare mends everything.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { runProgram } from '../helpers/cli.ts';
import { useFaultBed } from '../helpers/faultBed.ts';
import { assertCommittedWhole, eventually, leftovers, processesNaming } from '../helpers/invariants.ts';
import { onPath } from '../helpers/onPath.ts';
import type { PlanSketch } from '../helpers/plans.ts';
import { skipBecause } from '../helpers/skip.ts';

const CRASHING = join(import.meta.dirname, '../helpers/crashingPrepare.ts');
const LIMIT = 200;

describe('faults: kill -9 at every step of a prepare', function () {
  this.timeout(900_000);
  const bed = useFaultBed();

  // Temporary files of our own sidecar are not proved dead one by one: they go when they are a day old.
  function assertSwept(): void {
    const rest = leftovers(bed.cacheDir()).filter((path) => !/\.hpc-compose-vscode\/.*\.tmp\./.test(path));
    assert.deepEqual(rest, []);
  }

  for (const call of [
    'open',
    'write',
    'fsync',
    'rename',
    'link',
    'unlink',
    'makeDirectories',
    'removeTree',
  ]) {
    it(`F06 just before each ${call} (injected)`, async () => {
      const sketch: PlanSketch = {
        cacheDir: bed.cacheDir(),
        services: [
          { name: 'api', image: 'redis:7' },
          { name: 'db', image: 'redis:7', prepare: { commands: ['echo one'] } },
        ],
      };
      for (let when = 1; ; when++) {
        const command = [
          process.execPath,
          '--import=tsx',
          CRASHING,
          call,
          String(when),
          JSON.stringify(sketch),
        ];
        const ended = await runProgram(command, { ...bed.options(), cwd: process.cwd() });
        assertCommittedWhole(bed.cacheDir());
        await eventually('the tool is gone', () => processesNaming(bed.cacheDir()).length === 0);
        if (ended.code === 0) break;
        assert.equal(ended.signal, 'SIGKILL', ended.stderr);
        assert.ok(when < LIMIT);
      }
      await bed.nextPrepare();
      await bed.prepare({}, ['--force-rebuild']);
      assertSwept();
    });
  }

  for (const call of ['rename', 'unlink', 'fsync', 'mkdir', 'link']) {
    it(`F06 at each ${call} of the system (strace)`, async function () {
      if (!onPath('strace')) skipBecause(this, 'strace is not on PATH; the injected twins ran');
      for (let when = 1; ; when++) {
        const inject = `inject=${call}:signal=KILL:when=${when}`;
        const strace = ['strace', '-qq', '-o', '/dev/null', '-e', `trace=${call}`, '-e', inject];
        const ended = await bed.prepare({}, ['--jobs', '2'], strace);
        await eventually('the tool is gone', () => processesNaming(bed.cacheDir()).length === 0);
        assertCommittedWhole(bed.cacheDir());
        if (ended.code === 0) break;
        assert.equal(ended.signal, 'SIGKILL', ended.stderr);
        assert.ok(when < LIMIT);
      }
      await bed.nextPrepare();
      await bed.prepare({}, ['--force-rebuild']);
      assertSwept();
    });
  }
});
