// D. Several at once, and locks held by others, as far as prepare meets them. See the fault catalogue, F50 to F58.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startCli } from '../helpers/cli.ts';
import { STAND_IN } from '../helpers/plans.ts';
import { assertCommittedWhole, eventually, leftovers, walk } from '../helpers/invariants.ts';
import { actionsOf, ALL_BUILT, ALL_REUSED, errorOf, useFaultBed } from '../helpers/faultBed.ts';
import { nodeFiles } from '../../server/src/core/files.ts';
import { readManifest } from '../../server/src/core/manifest.ts';
import { applyPrune } from '../../server/src/core/prune/applyPrune.ts';
import { planPrune } from '../../server/src/core/prune/planPrune.ts';
import { testPorts } from '../helpers/ports.ts';

describe('faults: concurrent prepares and held locks', function () {
  this.timeout(120_000);
  const bed = useFaultBed();
  const imports = () => bed.verbs().filter((verb) => verb === 'import').length;
  const baseImages = () =>
    readdirSync(join(bed.cacheDir(), 'base')).filter(
      (name) => name.endsWith('.sqsh') && !name.startsWith('.'),
    );

  /** Holds a lock in another process; the returned one is to be ended. */
  async function hold(path: string): Promise<ChildProcess> {
    const holder = spawn('flock', ['-x', path, 'sh', '-c', 'echo held; exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    return holder;
  }
  async function letGo(holder: ChildProcess): Promise<void> {
    holder.stdin?.end();
    await once(holder, 'close');
  }

  it('F50 several prepares of the same images: one import of each, the others reuse', async () => {
    const all = await Promise.all(Array.from({ length: 3 }, () => bed.prepare({ FAKE_IMPORT: '0.5' })));
    for (const ended of all) assert.equal(ended.code, 0, ended.stderr);
    assert.equal(imports(), 2);
    const outcomes = all.map((ended) => actionsOf(ended)[0]).sort();
    assert.deepEqual(outcomes, ['api built built', 'api reused reused', 'api reused reused']);
    assert.deepEqual(leftovers(bed.cacheDir()), []);
    assert.deepEqual(await bed.nextPrepare(), ALL_REUSED);
  });

  it('F51 overlapping specs at once: no service name is lost', async () => {
    const works = ['one', 'two', 'three', 'four'].map((name) => {
      const spec = `x-slurm: {cache_dir: ./cache}\nservices:\n  ${name}: {image: "redis:7", command: "true"}\n  shared: {image: "redis:7", command: "true"}\n`;
      bed.write(spec);
      const file = join(bed.folder(), `${name}.yaml`);
      nodeFiles.rename(join(bed.folder(), 'compose.yaml'), file);
      return bed.prepare({}, ['-f', file]);
    });
    for (const ended of await Promise.all(works)) assert.equal(ended.code, 0, ended.stderr);
    const [image] = assertCommittedWhole(bed.cacheDir());
    assert.deepEqual(readManifest(image!, nodeFiles)?.service_names, [
      'four',
      'one',
      'shared',
      'three',
      'two',
    ]);
    assert.equal(imports(), 1);
  });

  /** What a prune does to an entry whose lock is free. */
  function removeBase(): void {
    for (const name of baseImages()) {
      const path = join(bed.cacheDir(), 'base', name);
      rmSync(path);
      rmSync(`${path}.json`);
    }
  }

  it('F52 a prune takes the base away between import and create: the prepare succeeds all the same', async () => {
    await bed.prepare();
    for (const name of walk(join(bed.cacheDir(), 'prepared')).filter((path) => path.endsWith('.json')))
      rmSync(name);
    rmSync(bed.log());
    const { ended } = bed.start({ FAKE_CREATE: '1.5' }, ['--jobs', '2']);
    // Each build keeps its base just before its create: both must have begun.
    const creates = () => bed.verbs().filter((verb) => verb === 'create').length;
    await eventually('both creates have begun', () => creates() === 2);
    removeBase();
    const result = await ended;
    assert.equal(result.code, 0, result.stderr);
    assert.deepEqual(actionsOf(result), ['api reused reused', 'db reused built', 'web reused built']);
    assert.equal(imports(), 0, 'a hard link of ours kept the images');
    assert.deepEqual(leftovers(bed.cacheDir()), []);
    assert.deepEqual(await bed.nextPrepare(), ['api built built', 'db reused reused', 'web built reused']);
  });

  it('F52 the same where no hard link can be made: the base is imported once more', async () => {
    await bed.prepare();
    for (const name of walk(join(bed.cacheDir(), 'prepared')).filter((path) => path.endsWith('.json')))
      rmSync(name);
    rmSync(bed.log());
    const elsewhere = mkdtempSync('/dev/shm/hpc-compose-test-');
    const env = { FAKE_CREATE: '1.5', HPC_COMPOSE_ENROOT_TEMP_DIR: elsewhere };
    const { ended } = bed.start(env, ['--jobs', '2']);
    await bed.begun('create');
    removeBase();
    const result = await ended;
    assert.equal(result.code, 0, result.stderr);
    assert.deepEqual(actionsOf(result), ['api reused reused', 'db reused built', 'web reused built']);
    assert.deepEqual(readdirSync(elsewhere), []);
    rmSync(elsewhere, { recursive: true });
  });

  it('F53 everything is pruned again and again beside prepares: both always end well', async () => {
    const ports = testPorts();
    let prepared = false;
    const pruning = (async () => {
      let removed = 0;
      for (let last = false; !last;) {
        last = prepared;
        const plan = await planPrune({ cacheDir: bed.cacheDir(), mode: 'age', days: 0 }, ports);
        const result = await applyPrune(plan, {}, ports);
        assert.deepEqual(result.failed, []);
        removed += result.removed_count;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return removed;
    })();
    try {
      for (let round = 0; round < 2; round++) {
        const ended = await bed.prepare({ FAKE_CREATE: '0.3' });
        assert.equal(ended.code, 0, ended.stderr);
      }
    } finally {
      prepared = true;
    }
    assert.ok((await pruning) >= 4, 'the prunes removed what was prepared');
    assert.deepEqual(leftovers(bed.cacheDir()), []);
    await bed.nextPrepare();
  });

  it('F54 a build lock held by a live process: the wait names the holder, and ends when it lets go', async () => {
    await bed.prepare();
    const holder = await hold(join(bed.cacheDir(), 'base', `${baseImages()[0]!}.build.lock`));
    const text = startCli(['prepare', '--enroot-bin', STAND_IN], bed.options());
    let said = '';
    text.child.stderr?.on('data', (words: string) => (said += words));
    await eventually('it waits and says for whom', () =>
      /waiting for process \d+ \((flock|sh|cat)\)/.test(said),
    );
    await letGo(holder);
    assert.equal((await text.ended).code, 0);
  });

  it('F54 a held build lock can be waited for no longer than asked, and the others go on', async () => {
    await bed.prepare();
    const path = join(
      bed.cacheDir(),
      'base',
      baseImages().find((name) => name.includes('nginx'))!,
    );
    const holder = await hold(`${path}.build.lock`);
    const ended = await bed.prepare({}, ['--lock-timeout', '1s']);
    assert.equal(ended.code, 1);
    assert.equal(errorOf(ended, 'web').code, 'lock-busy');
    assert.equal(actionsOf(ended)[0], 'api reused reused');
    await letGo(holder);
  });

  it('F58 a lock holder that was stopped: the wait can be cancelled, and nothing is left', async () => {
    await bed.prepare();
    const holder = await hold(join(bed.cacheDir(), 'base', `${baseImages()[0]!}.build.lock`));
    process.kill(holder.pid!, 'SIGSTOP');
    const { child, ended } = bed.start();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    child.kill('SIGINT');
    assert.equal((await ended).code, 130);
    process.kill(holder.pid!, 'SIGCONT');
    await letGo(holder);
    assert.deepEqual(leftovers(bed.cacheDir()), []);
  });

  it('F55 manifest locks held by others: after five seconds it goes on, and says so', async () => {
    await bed.prepare();
    const locks = walk(bed.cacheDir()).filter((path) => path.endsWith('.json.lock'));
    const holders = await Promise.all(locks.map(hold));
    const ended = await bed.prepare();
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(actionsOf(ended), ALL_REUSED);
    assert.match(ended.stderr, /\.json\.lock\. The manifest is changed without its lock/);
    await Promise.all(holders.map(letGo));
  });

  it('F50 the whole spec, cold, at the same time in one process group of two: all built once', async () => {
    const [first, second] = await Promise.all([bed.prepare(), bed.prepare({}, ['--jobs', '1'])]);
    const built = [...actionsOf(first), ...actionsOf(second)].filter((line) =>
      line.endsWith(' built'),
    ).length;
    assert.equal(built, ALL_BUILT.length);
  });
});
