import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { RootfsFailure, type RootfsErrorCode } from '../../../server/src/model/rootfs.ts';
import { forecastUnpack, readSuperblock } from '../../../server/src/core/rootfs/squashImage.ts';
import type { RootfsStep } from '../../../server/src/core/rootfs/rootfsPorts.ts';
import { RootfsRig } from '../../helpers/rootfs/rig.ts';

const code = (expected: RootfsErrorCode) => (error: unknown) =>
  error instanceof RootfsFailure && error.rootfsCode === expected;

describe('rootfs cache, test plan: create', () => {
  let rig: RootfsRig;
  beforeEach(() => {
    rig = new RootfsRig();
  });
  afterEach(() => rig.remove());

  it('07 cold, then warm: same inode, no second unpacking, time stamp renewed', async () => {
    const image = rig.image('a');
    const cold = await rig.fill(image);
    fs.utimesSync(cold.path, 1000, 1000);
    const before = fs.statSync(cold.path);
    const warm = await rig.fill(image);
    const after = fs.statSync(warm.path);
    assert.deepEqual([cold.hit, warm.hit, warm.path], [false, true, cold.path]);
    assert.equal(after.ino, before.ino);
    assert.ok(after.mtimeMs > before.mtimeMs);
    assert.equal(rig.calls('create'), 1);
    assert.equal(fs.readFileSync(path.join(warm.path, 'marker'), 'utf8'), 'a');
    assert.deepEqual(rig.leftovers(), []);
  });

  it('08 sixteen processes, one image: one create, all get it', async () => {
    const image = rig.image('a');
    const all = Array.from({ length: 16 }, () => rig.drive({ op: 'acquire', image, holdMs: 0 }));
    const ended = await Promise.all(all.map(({ ended }) => ended));
    assert.deepEqual(
      ended.map(({ code }) => code),
      all.map(() => 0),
    );
    assert.equal(rig.calls('create'), 1);
  }).timeout(60_000);

  it('08 those who waited get in while the first one still uses it', async () => {
    const image = rig.image('a');
    const gate = path.join(rig.folder, 'go');
    const first = rig.drive({ op: 'acquire', image, pauseAt: 'A6', pauseUntil: gate });
    await first.when('paused');
    const second = rig.drive({ op: 'acquire', image, holdMs: 0 });
    await new Promise((resolve) => setTimeout(resolve, 400));
    fs.writeFileSync(gate, '');
    await first.when('held');
    assert.equal((await second.when('held')).hit, true);
    first.child.stdin?.end();
    assert.equal((await first.ended).code, 0);
    assert.equal(rig.calls('create'), 1);
  }).timeout(30_000);

  const STEPS: RootfsStep[] = ['A3', 'A4', 'A5', 'A6', 'A8', 'A9', 'A10', 'A11', 'A12'];
  for (const step of STEPS) {
    it(`10 killed at ${step}: the next acquire succeeds and nothing is left`, async () => {
      const image = rig.image('a');
      const { signal } = await rig.drive({ op: 'acquire', image, killAt: step }).ended;
      assert.equal(signal, 'SIGKILL');
      const handle = await rig.fill(image);
      assert.equal(handle.hit, step === 'A12');
      assert.equal(fs.readFileSync(path.join(handle.path, 'marker'), 'utf8'), 'a');
      assert.deepEqual(rig.leftovers(), []);
      assert.equal(rig.entries().length, 1);
    }).timeout(30_000);
  }

  it('11 enroot alone is killed: the next acquire waits for its orphan, then succeeds', async () => {
    const image = rig.image('a');
    const real = fs.realpathSync(path.join(rig.bin, 'enroot'));
    const orphan = path.join(rig.folder, 'orphan-done');
    // The first create leaves a worker behind that inherits the lock, as unsquashfs does; then it is killed.
    fs.unlinkSync(path.join(rig.bin, 'enroot'));
    fs.writeFileSync(
      path.join(rig.bin, 'enroot'),
      `#!/bin/bash
if [ "$1" = create ] && mkdir "${rig.folder}/first" 2>/dev/null; then
  setsid sh -c 'sleep 1; : > "${orphan}"' </dev/null >/dev/null 2>&1 &
  kill -9 $$
fi
exec "${real}" "$@"
`,
      { mode: 0o755 },
    );
    await assert.rejects(rig.fill(image), code('E_CREATE'));
    const handle = await rig.fill(image);
    assert.equal(fs.existsSync(orphan), true, 'it did not wait for the orphan');
    assert.equal(handle.hit, false);
    assert.deepEqual(rig.leftovers(), []);
  }).timeout(30_000);

  it('12 cancel: no process left, build empty within two seconds', async () => {
    const image = rig.image('a');
    const stop = new AbortController();
    const began = rig.acquire(
      image,
      {},
      { env: { FAKE_CREATE: '60', FAKE_GRANDCHILD: 'create' }, signal: stop.signal },
    );
    while (rig.calls('create') === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    stop.abort();
    await assert.rejects(began, { name: 'AbortError' });
    assert.deepEqual(rig.leftovers(), []);
    assert.equal((await rig.fill(image)).hit, false);
  }).timeout(30_000);

  it('13 no image, no squashfs, a truncated one: E_IMAGE, nothing left, nothing unpacked', async () => {
    const whole = rig.image('whole', { marker: 'x'.repeat(9000) });
    const bytes = fs.readFileSync(whole);
    const cases: Record<string, Buffer | undefined> = {
      missing: undefined,
      text: Buffer.from('not an image'.repeat(100)),
      head: bytes.subarray(0, 50),
      // Real images are padded behind what they hold.
      middle: bytes.subarray(0, Number(bytes.readBigUInt64LE(40)) - 1),
    };
    for (const [name, content] of Object.entries(cases)) {
      const file = path.join(rig.folder, `${name}.sqsh`);
      if (content) fs.writeFileSync(file, content);
      await assert.rejects(rig.fill(file), code('E_IMAGE'), name);
    }
    assert.equal(rig.calls('create'), 0);
    assert.deepEqual([...rig.leftovers(), ...rig.entries()], []);
  });

  it('13 enroot fails midway: E_CREATE with its words, nothing left', async () => {
    const image = rig.image('a');
    const env = { FAKE_FAIL: 'create', FAKE_STDERR: '[ERROR] zlib uncompress failed' };
    await assert.rejects(rig.acquire(image, {}, { env }), /zlib uncompress failed/);
    assert.deepEqual([...rig.leftovers(), ...rig.entries()], []);
  });

  it('13 fewer files than the image holds: E_INCOMPLETE, nothing left', async () => {
    const image = rig.image('a');
    const bytes = fs.readFileSync(image);
    bytes.writeUInt32LE(5000, 4);
    fs.writeFileSync(image, bytes);
    // A machine with squashfs tools of its own refuses such an image already while unpacking.
    const isRefused = (error: unknown) => code('E_INCOMPLETE')(error) || code('E_CREATE')(error);
    await assert.rejects(rig.fill(image), isRefused);
    assert.deepEqual([...rig.leftovers(), ...rig.entries()], []);
  });

  it('14 a registry that does not tell the digest: E_DIGEST before anything is written; offline takes the last one', async () => {
    const remote = 'docker://registry.example#team/app:1.0';
    await assert.rejects(rig.acquire(remote, {}, { env: { FAKE_STATUS: '401' } }), code('E_DIGEST'));
    assert.deepEqual(rig.entries(), []);
    const first = await rig.fill(remote);
    assert.equal(first.hit, false);
    assert.deepEqual(rig.leftovers(), [], 'the imported image stays');
    assert.equal((await rig.fill(remote)).hit, true);
    const moved = await rig.acquire(remote, {}, { env: { FAKE_DIGEST: `sha256:${'1'.repeat(64)}` } });
    moved.release();
    assert.notEqual(moved.name, first.name);
  });

  it('15 an image that brings its own .pyxis_cache_lock as folder or file: replaced by a plain empty file', async () => {
    for (const file of ['.pyxis_cache_lock/inner', '.pyxis_cache_lock']) {
      const handle = await rig.fill(rig.image(`own-${file.length}`, { [file]: 'planted', marker: 'm' }));
      const stat = fs.lstatSync(path.join(handle.path, '.pyxis_cache_lock'));
      assert.deepEqual([stat.isFile(), stat.size, stat.nlink], [true, 0, 1]);
    }
  });

  it('15 an image that brings a link as its lock: replaced, the target untouched', async () => {
    const victim = path.join(rig.folder, 'victim');
    fs.writeFileSync(victim, 'precious');
    const tree = path.join(rig.folder, 'tree-link');
    fs.mkdirSync(tree);
    fs.symlinkSync(victim, path.join(tree, '.pyxis_cache_lock'));
    const handle = await rig.fill(rig.imageOf('link', tree));
    assert.equal(fs.lstatSync(path.join(handle.path, '.pyxis_cache_lock')).isFile(), true);
    assert.equal(fs.readFileSync(victim, 'utf8'), 'precious');
  });

  it('16 folders without any permission: created, and evicted again', async () => {
    const handle = await rig.fill(rig.image('a'));
    const closed = path.join(handle.path, 'closed/inner');
    fs.mkdirSync(closed, { recursive: true });
    fs.chmodSync(closed, 0);
    fs.chmodSync(path.dirname(closed), 0);
    const report = await rig.gcAll();
    assert.equal(report.evicted.length, 1);
    assert.deepEqual([...rig.leftovers(), ...rig.entries()], []);
  });

  it('17 too big by its forecast: refused before a byte is written', async () => {
    const image = rig.image('a', { marker: 'm' }, { FAKE_BYTES: '500000' });
    const small = rig.ports().statfs(rig.base);
    const statfs = () => ({ ...small, blocks: 1000n, bfree: 200n, bavail: 200n, bsize: 1000n });
    await assert.rejects(
      rig.acquire(image, {}, { statfs }),
      (error: unknown) => code('E_NOSPC')(error) && (error as Error).message.includes('needed'),
    );
    assert.equal(rig.calls('create'), 0);
    assert.deepEqual(rig.leftovers(), []);
  });

  it('17 the disk fills up while unpacking: collects, tries once more, then E_NOSPC; nothing left', async () => {
    const image = rig.image('a');
    await assert.rejects(rig.acquire(image, {}, { env: { FAKE_ENOSPC: 'create' } }), code('E_NOSPC'));
    assert.equal(rig.calls('create'), 2);
    assert.deepEqual([...rig.leftovers(), ...rig.entries()], []);
  });

  it('20 over quota while unpacking: the same', async () => {
    const image = rig.image('a');
    const env = { FAKE_FAIL: 'create', FAKE_STDERR: 'Write failed because Disk quota exceeded' };
    await assert.rejects(rig.acquire(image, {}, { env }), /quota/);
    assert.equal(rig.calls('create'), 2);
  });

  for (const [what, plant] of [
    ['a file', (at: string) => fs.writeFileSync(at, 'mine')],
    ['a link', (at: string) => fs.symlinkSync('/etc', at)],
  ] as const) {
    it(`21 ${what} under the final name: refused, not overwritten, listed as invalid`, async () => {
      const image = rig.image('a');
      const { path: at, name } = await rig.fill(image);
      await rig.gcAll();
      plant(at);
      await assert.rejects(rig.fill(image), code('E_SYMLINK'));
      assert.equal(fs.lstatSync(at).isDirectory(), false);
      const entry = (await rig.list()).entries.find((one) => one.name === name);
      assert.equal(entry?.state, 'invalid');
      await rig.gcAll();
      assert.ok(fs.lstatSync(at), 'a collection removed it');
    });
  }

  it('21 an empty folder under the final name is taken away, not renamed over', async () => {
    const image = rig.image('a');
    const { path: at } = await rig.fill(image);
    await rig.gcAll();
    fs.mkdirSync(at);
    const handle = await rig.fill(image);
    assert.deepEqual([handle.hit, fs.existsSync(path.join(at, 'marker'))], [false, true]);
    assert.deepEqual(rig.leftovers(), []);
  });

  it('forecasts a file of many names once, and wide folders with the room that is free in them', async () => {
    const image = rig.image('a');
    const bytes = fs.readFileSync(image);
    bytes.writeUInt32LE(3, 4);
    fs.writeFileSync(image, bytes);
    const names = ['a', 'b', 'c'].map(
      (name) => `echo '-rw-r--r-- 0/0 5000 2023-01-01 10:00 squashfs-root/${name}'`,
    );
    const folder = "echo 'drwxr-xr-x 0/0 30000 2023-01-01 10:00 squashfs-root'";
    const other = "echo '-rw-r--r-- 0/0 100 2023-01-01 10:00 squashfs-root/d'";
    const script = ['#!/bin/sh', folder, ...names, other, ''].join('\n');
    fs.writeFileSync(path.join(rig.bin, 'unsquashfs'), script, { mode: 0o755 });
    const { bytes: forecast } = await forecastUnpack(image, rig.ports());
    assert.equal(forecast, 40_960 + 8192 + 4096);
  });

  it('forecasts from the listing of unsquashfs where there is one', async () => {
    const image = rig.image('a');
    fs.writeFileSync(
      path.join(rig.bin, 'unsquashfs'),
      `#!/bin/sh
echo 'drwxr-xr-x 0/0                 3 2023-01-01 10:00 squashfs-root'
echo '-rw-r--r-- 0/0              5000 2023-01-01 10:00 squashfs-root/a b'
echo 'lrwxrwxrwx 0/0                 7 2023-01-01 10:00 squashfs-root/bin -> usr/bin'
echo 'crw-r--r-- 0/0              1,  3 2023-01-01 10:00 squashfs-root/dev/null'
`,
      { mode: 0o755 },
    );
    assert.deepEqual(await forecastUnpack(image, rig.ports()), {
      bytes: 4096 + 8192,
      inodes: readSuperblock(image).inodes,
      source: 'listing',
    });
  });
});
