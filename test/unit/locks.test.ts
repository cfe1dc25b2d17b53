import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  acquireLock,
  tryLocks,
  withBuildLock,
  withManifestLock,
  type Lock,
  type LockAttempt,
} from '../../server/src/core/locks.ts';
import { tryLockDescriptors } from '../../server/src/core/lockTool.ts';
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

const isHeld = (attempt: LockAttempt): attempt is Lock => typeof attempt === 'object' && 'release' in attempt;

function childrenOf(parent: number, name: string): number[] {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return pids.map(Number).filter((pid) => {
    try {
      const [, comm, rest] = /\((.*)\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
      return comm === name && rest?.split(' ')[1] === String(parent);
    } catch {
      return false;
    }
  });
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
    const ports = testPorts({ run });
    const attempts = await tryLocks(paths, ports);
    assert.equal(children, 1);
    attempts.forEach((attempt, index) => {
      if (index === 7) assert.equal(attempt, 'busy');
      else if (index === 8) assert.equal((attempt as { code?: string }).code, 'lock-unsafe');
      else assert.equal(isFree(paths[index]!), false);
    });
    for (const attempt of attempts)
      if (typeof attempt === 'object' && 'release' in attempt) attempt.release();
    assert.ok(paths.every((path, index) => index === 7 || index === 8 || isFree(path)));
    assert.equal((await acquireLock(paths[0]!, {}, ports)).path, paths[0]);
    assert.equal(children, 1, 'the child serves later locks too');
    await letGo();
  });

  it('are kept when the child that took them is killed, and later ones are had all the same', async () => {
    const pids: number[] = [];
    const run: ProcessRun = (request) => {
      const answer = runProcess(request);
      if (request.onInput) pids.push(...childrenOf(process.pid, 'perl'));
      return answer;
    };
    const ports = testPorts({ run });
    const paths = ['a', 'b', 'c'].map((name) => join(folder(), name));
    const first = await tryLocks(paths.slice(0, 2), ports);
    assert.equal(first.filter(isHeld).length, 2);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    const later = await tryLocks(paths, ports);
    assert.deepEqual(
      later.map((attempt) => (isHeld(attempt) ? 'held' : attempt)),
      ['busy', 'busy', 'held'],
    );
    assert.ok(paths.every((path) => !isFree(path)));
    for (const lock of [...first, ...later].filter(isHeld)) lock.release();
    assert.ok(paths.every(isFree));
  });

  it('are freed by the death of their process, while the child still lives', async () => {
    const script = `
      import { testPorts } from ${JSON.stringify(new URL('../helpers/ports.ts', import.meta.url).href)};
      import { tryLocks } from ${JSON.stringify(new URL('../../server/src/core/locks.ts', import.meta.url).href)};
      const ports = testPorts();
      await tryLocks(process.argv.slice(1), ports);
      console.log('held');
      setInterval(() => undefined, 1000);
    `;
    const paths = ['a', 'b'].map((name) => join(folder(), name));
    const args = ['--import=tsx', '--input-type=module', '-e', script, ...paths];
    const owner = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(owner.stdout, 'data');
    assert.ok(!paths.some(isFree));
    const [child] = childrenOf(owner.pid!, 'perl');
    // It cannot notice anything while it is stopped.
    if (child !== undefined) process.kill(child, 'SIGSTOP');
    owner.kill('SIGKILL');
    await once(owner, 'close');
    assert.ok(paths.every(isFree));
    if (child !== undefined) process.kill(child, 'SIGCONT');
  });

  it('are taken by inherited descriptors where borrowing them is refused', async () => {
    const commands: string[] = [];
    const run: ProcessRun = (request) => {
      commands.push(request.command);
      // Another parent than the script was told of: as good as a kernel that refuses.
      return runProcess(
        request.onInput ? { ...request, args: [...request.args.slice(0, -1), '1'] } : request,
      );
    };
    const ports = testPorts({ run });
    const paths = ['a', 'b'].map((name) => join(folder(), name));
    const attempts = await tryLocks(paths, ports);
    assert.ok(attempts.every(isHeld));
    assert.ok(!paths.some(isFree));
    assert.deepEqual(commands, ['perl', 'perl']);
    assert.deepEqual(await tryLocks(paths, ports), ['busy', 'busy']);
    assert.deepEqual(commands, ['perl', 'perl', 'perl'], 'it is not tried again');
    for (const lock of attempts.filter(isHeld)) lock.release();
  });

  it('of several readers go together, and keep writers out', async () => {
    const ports = testPorts();
    const open = () => openSync(lockPath(), 'a+');
    const [a, b, c] = [open(), open(), open()];
    assert.deepEqual(
      await tryLockDescriptors(
        [
          { fd: a, mode: 'shared' },
          { fd: b, mode: 'shared' },
          { fd: c, mode: 'exclusive' },
        ],
        ports,
      ),
      ['locked', 'locked', 'busy'],
    );
    closeSync(a);
    closeSync(b);
    assert.deepEqual(await tryLockDescriptors([{ fd: c, mode: 'exclusive' }], ports), ['locked']);
    closeSync(c);
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
