// Checks of the test plan that want a small file system, another user or many processes. What needs root runs on a real tmpfs or a
// loop device; each has a twin with an injected fault that always runs.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { RootfsHandle } from '../../../server/src/core/rootfs/acquireRootfs.ts';
import { RootfsFailure, type RootfsErrorCode } from '../../../server/src/model/rootfs.ts';
import { RootfsRig, IS_ROOT } from '../../helpers/rootfs/rig.ts';
import { skipBecause } from '../../helpers/skip.ts';

const code =
  (expected: RootfsErrorCode, words = /./) =>
  (error: unknown) =>
    error instanceof RootfsFailure && error.rootfsCode === expected && words.test(error.message);
const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);

const MAKE_DISK = 'mkfs.ext4';

describe('rootfs cache, test plan: limits', () => {
  let rig: RootfsRig;
  let mounted: string[];
  beforeEach(() => {
    rig = new RootfsRig();
    mounted = [];
  });
  afterEach(() => {
    for (const point of mounted.reverse()) execFileSync('umount', ['-l', point]);
    rig.remove();
  });

  /** A small tmpfs as the base. */
  const smallBase = (test: Mocha.Context, options: string) => {
    if (!IS_ROOT) skipBecause(test, 'needs root to mount; its twin with an injected fault runs');
    execFileSync('mount', ['-t', 'tmpfs', '-o', `mode=0755,${options}`, 'rootfs-test', rig.base]);
    mounted.push(rig.base);
  };
  const manyFiles = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_none, index) => [`d${index % 7}/f${index}`, 'x']));
  const usedBlocks = () => {
    const { blocks, bfree } = fs.statfsSync(rig.base);
    return blocks - bfree;
  };

  it('14 the contents of an image file are compared with a digest before anything is unpacked', async () => {
    const image = rig.image('a');
    const sha256 = createHash('sha256').update(fs.readFileSync(image)).digest('hex');
    const bytes = fs.readFileSync(image);
    bytes[bytes.length - 1]! ^= 1;
    const damaged = path.join(rig.folder, 'damaged.sqsh');
    fs.writeFileSync(damaged, bytes);
    await assert.rejects(rig.acquire(damaged, {}, { sha256 }), code('E_DIGEST', /contents/));
    assert.equal(rig.calls('create'), 0);
    assert.deepEqual([...rig.leftovers(), ...rig.entries()], []);
    const whole = await rig.acquire(image, {}, { sha256: `sha256:${sha256}` });
    whole.release();
    assert.equal(whole.hit, false);
    // Without a digest a flipped block may pass: the format itself has no checksum of contents.
  });

  it('17 a real file system too small for the image: refused by forecast, not a block more in use', async function () {
    smallBase(this, 'size=4m');
    await rig.fill(rig.image('small'));
    const image = rig.image('big', { marker: 'x'.repeat(8_000_000) });
    const before = usedBlocks();
    await assert.rejects(rig.fill(image, { gcHigh: 99, gcLow: 98 }), code('E_NOSPC', /needed/));
    assert.equal(rig.calls('create'), 1);
    assert.ok(usedBlocks() - before <= 4, 'more than a lock was written');
  });

  it('17 without a forecast it fills up while unpacking: E_NOSPC, and usage is as it was', async function () {
    smallBase(this, 'size=4m');
    await rig.fill(rig.image('small'), { gcHigh: 99, gcLow: 98 });
    const image = rig.image('big', { marker: 'x'.repeat(8_000_000) });
    const before = usedBlocks();
    const raw = { gcHigh: 99, gcLow: 98, minAge: '1h' };
    await assert.rejects(rig.acquire(image, raw, { useForecast: false }), code('E_NOSPC'));
    assert.ok(usedBlocks() - before <= 4, 'something is left');
    assert.deepEqual(rig.leftovers(), []);
  });

  it('18 too few inodes, real: E_NOSPC that names them, nothing unpacked', async function () {
    smallBase(this, 'size=64m,nr_inodes=120');
    const image = rig.image('many', manyFiles(300));
    await assert.rejects(rig.fill(image), code('E_NOSPC', /inodes/));
    assert.equal(rig.calls('create'), 0);
  });

  it('18 the inodes run out while unpacking, real: E_NOSPC that names them, nothing left', async function () {
    smallBase(this, 'size=64m,nr_inodes=120');
    const image = rig.image('many', manyFiles(300));
    await assert.rejects(rig.acquire(image, {}, { useForecast: false }), code('E_NOSPC', /inodes/));
    assert.deepEqual([...rig.leftovers(), ...rig.entries()], []);
  });

  it('18 too few inodes, injected: E_NOSPC that names them', async () => {
    const image = rig.image('many', manyFiles(300));
    const statfs = () => ({ ...rig.ports().statfs(rig.base), files: 1000n, ffree: 150n });
    await assert.rejects(rig.acquire(image, { inodeHigh: 95 }, { statfs }), code('E_NOSPC', /inodes/));
    assert.equal(rig.calls('create'), 0);
  });

  it('19 the disk is full exactly when the record is written, real: no entry, nothing left', async function () {
    smallBase(this, 'size=6m');
    const image = rig.image('a');
    const filler = path.join(rig.base, 'filler');
    const fill = (step: string) => {
      if (step === 'A10') fillUp(filler);
    };
    const raw = { gcHigh: 99, gcLow: 98 };
    await assert.rejects(rig.acquire(image, raw, { onStep: fill, useForecast: false }), code('E_NOSPC'));
    assert.ok(fs.existsSync(filler), 'the step was never reached');
    fs.rmSync(filler);
    assert.deepEqual([...rig.leftovers(), ...rig.entries(), ...fs.readdirSync(rig.hidden('meta'))], []);
    assert.equal((await rig.fill(image, raw)).hit, false);
  });

  it('19 the same, injected at every record: no entry, nothing left', async () => {
    const image = rig.image('a');
    const real = fs.writeSync;
    let met = 0;
    fs.writeSync = ((fd: number, data: string, ...rest: []) => {
      if (!data.startsWith('{"v":1')) return real(fd, data, ...rest);
      met++;
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    }) as typeof fs.writeSync;
    try {
      await assert.rejects(rig.fill(image), code('E_NOSPC'));
    } finally {
      fs.writeSync = real;
    }
    assert.equal(met, 2, 'one try more after a collection');
    assert.deepEqual([...rig.leftovers(), ...rig.entries(), ...fs.readdirSync(rig.hidden('meta'))], []);
    assert.equal((await rig.fill(image)).hit, false);
  });

  it('31 a real file system with reserved blocks: counts as df does, starts at the high mark, ends below the low one', async function () {
    if (!IS_ROOT) skipBecause(this, 'needs root to mount; its twin with injected figures runs');
    const disk = path.join(rig.folder, 'disk');
    fs.writeFileSync(disk, '');
    fs.truncateSync(disk, 48 << 20);
    try {
      execFileSync(MAKE_DISK, ['-q', '-m', '5', disk], { stdio: 'ignore' });
      execFileSync('mount', ['-o', 'loop', disk, rig.base], { stdio: 'ignore' });
    } catch {
      skipBecause(this, 'no loop devices or no mkfs.ext4 here');
    }
    mounted.push(rig.base);
    fs.chmodSync(rig.base, 0o755);
    const made = [];
    const big = { gcHigh: 99, gcLow: 98, inodeHigh: 99, inodeLow: 98 };
    for (let index = 0; index < 6; index++) {
      const handle = await rig.fill(rig.image(`i${index}`, { marker: String(index).repeat(3_000_000) }), big);
      fs.utimesSync(handle.path, 1000 + index, 1000 + index);
      made.push(handle.name);
    }
    const percent = () => {
      const { blocks, bfree, bavail } = fs.statfsSync(rig.base);
      return (100 * (blocks - bfree)) / (blocks - bfree + bavail);
    };
    const shown = Number(
      execFileSync('df', ['--output=pcent', rig.base], { encoding: 'utf8' }).replace(/\D/g, ''),
    );
    const counted = (await rig.list()).fs.used_percent ?? 0;
    assert.ok(Math.abs(counted - shown) <= 1, `${counted} % here, ${shown} % by df`);
    const now = Math.floor(percent());
    assert.ok(now > 30, `only ${now} % used`);
    assert.equal((await rig.gc({ ...big, gcHigh: now + 2, gcLow: now + 1 })).reason, 'below-high');
    const report = await rig.gc({ ...big, gcHigh: now, gcLow: now - 10 });
    assert.equal(report.reason, 'below-low');
    assert.ok(percent() < now - 10, `still ${percent()} %`);
    assert.deepEqual(names(report.evicted), made.slice(0, report.evicted.length));
    assert.ok(report.evicted.length < made.length, 'more than needed');
  }).timeout(60_000);

  it('28 what is shown as holders is the truth, for a hundred of them', async () => {
    const entries: RootfsHandle[] = [];
    for (let index = 0; index < 5; index++) entries.push(await rig.fill(rig.image(`i${index}`)));
    const truth = new Map<string, Set<number>>(entries.map(({ name }) => [name, new Set()]));
    const holders = Array.from({ length: 100 }, (_none, index) => {
      const { name, path: at } = entries[index % 5]!;
      const outer = rig.hidden('locks', `${name}.lock`);
      const file = index % 3 === 0 ? path.join(at, '.pyxis_cache_lock') : outer;
      const child = spawn('flock', ['-s', '-F', file, 'sleep', '600'], { stdio: 'ignore' });
      truth.get(name)!.add(child.pid!);
      return child;
    });
    try {
      const shown = async () =>
        new Map(
          (await rig.list()).entries.map(({ name, holders: found }) => [
            name,
            new Set(found.map(({ pid }) => pid)),
          ]),
        );
      const total = (map: Map<string, Set<unknown>>) =>
        [...map.values()].reduce((sum, set) => sum + set.size, 0);
      const until = Date.now() + 30_000;
      let seen = await shown();
      while (total(seen) < 100 && Date.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        seen = await shown();
      }
      assert.deepEqual(seen, truth);
      const gone = holders.splice(0, 50);
      for (const child of gone) child.kill('SIGKILL');
      await Promise.all(gone.map((child) => new Promise((resolve) => child.once('close', resolve))));
      for (const set of truth.values()) for (const { pid } of gone) set.delete(pid!);
      assert.deepEqual(await shown(), truth);
    } finally {
      for (const child of holders) child.kill('SIGKILL');
    }
  }).timeout(60_000);

  it('47 an entry that becomes a link between the looks: its target stays, and nothing is followed', async () => {
    const canary = rig.makeFolder('canary', 0o755);
    fs.writeFileSync(path.join(canary, 'precious'), 'x');
    for (const at of ['G7a', 'G7c', 'G7d', 'G7e', 'G7f', 'G7g', 'G7h']) {
      const { path: tree } = await rig.fill(rig.image(`i-${at}`));
      fs.utimesSync(tree, 1000, 1000);
      const swap = (step: string) => {
        if (step !== at) return;
        const there = fs.lstatSync(tree, { throwIfNoEntry: false });
        if (there) fs.renameSync(tree, path.join(rig.user, `aside-${at}`));
        fs.symlinkSync(canary, tree);
      };
      await rig.gcAll({}, { onStep: swap }).catch((error: unknown) => assert.ok(error instanceof Error));
      assert.equal(fs.readFileSync(path.join(canary, 'precious'), 'utf8'), 'x', at);
      fs.rmSync(tree, { force: true });
      await rig.gcAll();
      assert.equal(fs.readFileSync(path.join(canary, 'precious'), 'utf8'), 'x', `${at}, swept`);
    }
  }).timeout(60_000);

  it('56 a folder that may not be written to: list and dry run work, acquire says so, nothing is written', async function () {
    if (IS_ROOT) skipBecause(this, 'root may write everywhere; the test with a read-only mount runs');
    const { name } = await rig.fill(rig.image('a'));
    const other = rig.image('b');
    const folders = [
      rig.user,
      rig.hidden(),
      ...['locks', 'meta', 'build', 'trash'].map((one) => rig.hidden(one)),
    ];
    for (const folder of folders) fs.chmodSync(folder, 0o500);
    try {
      assert.deepEqual(names((await rig.list()).entries), [name]);
      assert.deepEqual(names((await rig.plan({ maxBytes: 1 })).would_evict), [name]);
      await assert.rejects(rig.fill(other), (error) => error instanceof RootfsFailure);
      assert.deepEqual(fs.readdirSync(rig.hidden('build')), []);
    } finally {
      for (const folder of folders) fs.chmodSync(folder, 0o700);
    }
  });
});

/** Takes every block that is left. */
function fillUp(file: string): void {
  const fd = fs.openSync(file, 'w');
  try {
    for (const size of [65536, 4096, 512]) {
      const piece = Buffer.alloc(size, 1);
      try {
        while (fs.writeSync(fd, piece) === size);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
  } finally {
    fs.closeSync(fd);
  }
}
