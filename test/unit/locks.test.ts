import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, linkSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { acquireLock, tryLocks, withBuildLock, withManifestLock } from '../../server/src/core/locks.ts';
import type { ProcessRun } from '../../server/src/core/process.ts';
import { runProcess } from '../../server/src/core/process.ts';
import { faultyFiles } from '../helpers/faultyFiles.ts';
import { useFolder } from '../helpers/folder.ts';
import { testPorts } from '../helpers/ports.ts';

const isFree = (path: string) => spawnSync('flock', ['-x', '-n', path, 'true']).status === 0;

/** Holds a lock in another process until the returned function is called. */
async function holdElsewhere(path: string): Promise<() => Promise<void>> {
  const holder = spawn('flock', ['-x', path, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  return async () => {
    holder.stdin.end();
    await once(holder, 'close');
  };
}

/** As on a machine where these programs do not exist. */
const without =
  (...names: string[]): ProcessRun =>
  (request) =>
    runProcess(names.includes(request.command) ? { ...request, command: '/nonexistent' } : request);

describe('locks', function () {
  this.timeout(20_000);
  const folder = useFolder();
  const lockPath = () => join(folder(), 'a.sqsh.build.lock');

  it('are held against other programs until released, and the file stays, empty and of mode 0600', async () => {
    const lock = await acquireLock(lockPath(), {}, testPorts());
    assert.equal(isFree(lockPath()), false);
    lock.release();
    lock.release();
    assert.equal(isFree(lockPath()), true);
    assert.equal(statSync(lockPath()).mode & 0o777, 0o600);
    assert.equal(statSync(lockPath()).size, 0);
  });

  for (const missing of [['flock'], ['perl']]) {
    it(`work without ${missing.join()}`, async () => {
      const ports = testPorts({ run: without(...missing) });
      const lock = await acquireLock(lockPath(), {}, ports);
      assert.equal(isFree(lockPath()), false);
      assert.deepEqual(await tryLocks([lockPath()], ports), ['busy']);
      const timeoutMs = 300;
      await assert.rejects(acquireLock(lockPath(), { timeoutMs }, ports), { code: 'lock-busy' });
      lock.release();
    });
  }

  it('are refused where neither flock nor perl is there', async () => {
    const ports = testPorts({ run: without('flock', 'perl') });
    await assert.rejects(acquireLock(lockPath(), {}, ports), { code: 'lock-unsupported' });
  });

  it('wait for another program, say so once, and are had when it ends', async () => {
    const letGo = await holdElsewhere(lockPath());
    let waits = 0;
    let got = false;
    const work = withBuildLock(join(folder(), 'a.sqsh'), { onWait: () => waits++ }, testPorts(), () => {
      got = true;
      return Promise.resolve();
    });
    while (waits === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(got, false);
    await letGo();
    await work;
    assert.equal(waits, 1);
    assert.equal(got, true);
    assert.equal(isFree(lockPath()), true);
  });

  it('give up after the timeout, and at once when cancelled', async () => {
    const letGo = await holdElsewhere(lockPath());
    await assert.rejects(acquireLock(lockPath(), { timeoutMs: 100 }, testPorts()), { code: 'lock-busy' });
    const stop = new AbortController();
    const options = { signal: stop.signal, onWait: () => stop.abort() };
    await assert.rejects(acquireLock(lockPath(), options, testPorts()), { name: 'AbortError' });
    await letGo();
  });

  it('of manifests go on unlocked after their timeout, and say so', async () => {
    const letGo = await holdElsewhere(join(folder(), 'a.sqsh.json.lock'));
    const ports = testPorts();
    const result = await withManifestLock(join(folder(), 'a.sqsh'), { timeoutMs: 50 }, ports, () =>
      Promise.resolve(7),
    );
    assert.equal(result, 7);
    assert.match(ports.logged.join(), /warn: .*a\.sqsh\.json\.lock.*without its lock/);
    await letGo();
  });

  it('are taken in batches: each path has its own answer', async () => {
    const paths = Array.from({ length: 30 }, (_none, index) => join(folder(), `${index}.lock`));
    const letGo = await holdElsewhere(paths[7]!);
    symlinkSync('elsewhere', paths[8]!);
    let children = 0;
    const run: ProcessRun = (request) => (children++, runProcess(request));
    const attempts = await tryLocks(paths, testPorts({ run }));
    assert.equal(children, 1);
    attempts.forEach((attempt, index) => {
      if (index === 7) assert.equal(attempt, 'busy');
      else if (index === 8) assert.equal((attempt as { code?: string }).code, 'lock-unsafe');
      else assert.equal(isFree(paths[index]!), false);
    });
    for (const attempt of attempts)
      if (typeof attempt === 'object' && 'release' in attempt) attempt.release();
    assert.ok(paths.every((path, index) => index === 7 || index === 8 || isFree(path)));
    await letGo();
  });

  it('exclude each other inside one process too', async () => {
    const order: string[] = [];
    const step = (name: string) =>
      withBuildLock(join(folder(), 'a.sqsh'), {}, testPorts(), async () => {
        order.push(`${name} in`);
        await new Promise((resolve) => setTimeout(resolve, 30));
        order.push(`${name} out`);
      });
    await Promise.all([step('one'), step('two')]);
    assert.deepEqual(
      order.map((line) => line.split(' ')[1]),
      ['in', 'out', 'in', 'out'],
    );
  });

  it('F39 are refused on a planted link, FIFO or directory, and a foreign file keeps its mode and contents', async () => {
    const foreign = join(folder(), 'foreign');
    writeFileSync(foreign, 'mine');
    chmodSync(foreign, 0o644);
    const ports = testPorts();
    symlinkSync(foreign, join(folder(), 'link'));
    linkSync(foreign, join(folder(), 'hard'));
    mkdirSync(join(folder(), 'directory'));
    spawnSync('mkfifo', [join(folder(), 'fifo')]);
    for (const name of ['link', 'directory'])
      await assert.rejects(acquireLock(join(folder(), name), {}, ports), { code: 'lock-unsafe' }, name);
    await assert.rejects(acquireLock(join(folder(), 'fifo'), {}, ports), { code: 'lock-unsafe' });
    (await acquireLock(join(folder(), 'hard'), {}, ports)).release();
    assert.equal(statSync(foreign).mode & 0o777, 0o644);
    assert.equal(readFileSync(foreign, 'utf8'), 'mine');
  });

  it('F17 can be had on a read-only file system when the lock file is there', async () => {
    writeFileSync(lockPath(), '');
    const files = faultyFiles({ call: 'open', errno: 'EROFS', when: 1 });
    const lock = await acquireLock(lockPath(), {}, testPorts({ files }));
    assert.equal(isFree(lockPath()), false);
    lock.release();
    const missing = faultyFiles({ call: 'open', errno: 'EROFS', when: 1 });
    await assert.rejects(acquireLock(join(folder(), 'b'), {}, testPorts({ files: missing })), {
      code: 'read-only',
    });
  });
});
