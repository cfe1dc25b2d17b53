import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { RootfsFailure, type RootfsErrorCode } from '../../../server/src/model/rootfs.ts';
import type { FileSystemState, RootfsStep } from '../../../server/src/core/rootfs/rootfsPorts.ts';
import { collectGarbage } from '../../../server/src/core/rootfs/collectGarbage.ts';
import { changePins } from '../../../server/src/core/rootfs/pins.ts';
import { userLayout } from '../../../server/src/core/rootfs/layout.ts';
import { RootfsRig, UID } from '../../helpers/rootfs/rig.ts';

const code = (expected: RootfsErrorCode) => (error: unknown) =>
  error instanceof RootfsFailure && error.rootfsCode === expected;
const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);

describe('rootfs cache, test plan: locks and collection', () => {
  let rig: RootfsRig;
  beforeEach(() => {
    rig = new RootfsRig();
  });
  afterEach(() => rig.remove());

  /** Entries a, b, c, … last used at these seconds. */
  const fillAt = async (...times: number[]) => {
    const made = [];
    for (const [index, time] of times.entries()) {
      const handle = await rig.fill(rig.image(`i${index}`));
      fs.utimesSync(handle.path, time, time);
      made.push(handle);
    }
    return made;
  };

  it('22 in use: kept, intact, reported with its holder', async () => {
    const image = rig.image('a');
    const user = rig.drive({ op: 'acquire', image });
    const held = await user.when('held');
    const report = await rig.gcAll();
    assert.deepEqual([names(report.in_use), report.evicted], [[held.name], []]);
    assert.ok(fs.existsSync(path.join(held.path!, 'marker')));
    const entry = (await rig.list()).entries[0];
    assert.equal(entry?.state, 'inUse');
    assert.deepEqual(entry.holders, [{ kind: 'lock', pid: user.child.pid }]);
    user.child.stdin?.end();
    await user.ended;
    assert.equal((await rig.list()).entries[0]?.state, 'ready');
  });

  it('23 its holder is killed, its container lives: in use by its mount; 24 both gone: evicted', async function () {
    const image = rig.image('a');
    const user = rig.drive({ op: 'acquire', image });
    const held = await user.when('held');
    const script = 'mount --rbind "$1" "$1" && echo mounted && exec sleep 60';
    const container = spawn(
      'unshare',
      ['--user', '--map-root-user', '--mount', 'sh', '-c', script, 'sh', held.path!],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const mounted = await new Promise((resolve) => {
      container.stdout.once('data', () => resolve(true));
      container.once('exit', () => resolve(false));
    });
    if (mounted !== true) this.skip();
    user.child.kill('SIGKILL');
    await user.ended;
    const report = await rig.gcAll();
    assert.deepEqual(names(report.in_use), [held.name]);
    assert.deepEqual((await rig.list()).entries[0]?.holders, [{ kind: 'mount', pid: container.pid }]);
    assert.ok(fs.existsSync(path.join(held.path!, 'marker')));
    container.kill('SIGKILL');
    await new Promise((resolve) => container.once('close', resolve));
    assert.deepEqual(names((await rig.gcAll()).evicted), [held.name]);
  });

  it('25 the lock file is replaced while it is held: the newcomer locks the new one, never both by one build', async () => {
    const image = rig.image('a');
    const gate = path.join(rig.folder, 'go');
    const first = rig.drive({ op: 'acquire', image, pauseAt: 'A11', pauseUntil: gate });
    await first.when('paused');
    const lock = fs.readdirSync(rig.hidden('locks')).find((name) => name.endsWith('.lock'))!;
    fs.unlinkSync(rig.hidden('locks', lock));
    // Two owners of one name now: the rename decides, and both end with the same valid entry.
    const second = rig.drive({ op: 'acquire', image, holdMs: 0 });
    await second.when('held');
    fs.writeFileSync(gate, '');
    const held = await first.when('held');
    first.child.stdin?.end();
    assert.deepEqual([(await first.ended).code, (await second.ended).code], [0, 0]);
    assert.ok(fs.existsSync(path.join(held.path!, 'marker')));
    assert.equal(rig.entries().length, 1);
    await rig.gc();
    assert.deepEqual(rig.leftovers(), []);
  }).timeout(30_000);

  const locks: [string, (at: string) => void, boolean][] = [
    ['empty', (at) => fs.writeFileSync(at, ''), true],
    ['full of garbage', (at) => fs.truncateSync(at, 1 << 30), true],
    [
      'a folder',
      (at) => {
        fs.rmSync(at);
        fs.mkdirSync(at);
      },
      false,
    ],
    [
      'a link',
      (at) => {
        fs.rmSync(at);
        fs.symlinkSync('/dev/null', at);
      },
      false,
    ],
    ['a hard link', (at) => fs.linkSync(at, `${at}.second`), false],
    [
      'a pipe',
      (at) => {
        fs.rmSync(at);
        execFileSync('mkfifo', [at]);
      },
      false,
    ],
  ];
  for (const [what, plant, works] of locks) {
    it(`26 a lock file that is ${what}: ${works ? 'works' : 'E_LOCK_FILE'}, never blocks`, async () => {
      const image = rig.image('a');
      const { name } = await rig.fill(image);
      plant(rig.hidden('locks', `${name}.lock`));
      const began = Date.now();
      if (works) assert.equal((await rig.fill(image)).hit, true);
      else await assert.rejects(rig.fill(image), code('E_LOCK_FILE'));
      const report = await rig.gcAll();
      assert.equal(report.evicted.length, works ? 1 : 0);
      if (!works) assert.equal(report.failed[0]?.code, 'E_LOCK_FILE');
      assert.ok(Date.now() - began < 10_000);
    });
  }

  it('27 held only by the lock inside the entry, as a plugin following the proposal does: in use', async () => {
    const { path: at, name } = await rig.fill(rig.image('a'));
    const holder = spawn(
      'flock',
      ['-s', path.join(at, '.pyxis_cache_lock'), 'sh', '-c', 'echo held; sleep 60'],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
        detached: true,
      },
    );
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    assert.deepEqual(names((await rig.gcAll()).in_use), [name]);
    assert.equal((await rig.list()).entries[0]?.state, 'inUse');
    process.kill(-holder.pid!, 'SIGKILL');
  });

  it('30 goes exactly by last use, then by size, then by name', async () => {
    const made = await fillAt(3000, 1000, 2000, 5000, 4000);
    const order = [1, 2, 0, 4, 3].map((index) => made[index]!.name);
    assert.deepEqual(names((await rig.plan({ maxBytes: 1 })).would_evict), order);
    assert.deepEqual(names((await rig.gcAll()).evicted), order);
  });

  it('31 starts at the high mark, ends below the low one, does nothing between', async () => {
    const made = await fillAt(1000, 2000, 3000, 4000);
    const each = 1_000_000n;
    // A file system of 100 MB on which each entry frees 1 MB when it goes.
    const statfs = (used: bigint) => (): FileSystemState => {
      const there = made.filter(({ path: at }) => fs.existsSync(at)).length;
      const free = 100_000_000n - used + BigInt(4 - there) * each;
      return {
        blocks: 100_000_000n,
        bfree: free,
        bavail: free,
        bsize: 1n,
        files: 0n,
        ffree: 0n,
        type: 0xef53,
      };
    };
    assert.equal((await rig.gc({}, { statfs: statfs(84_999_999n) })).reason, 'below-high');
    // Recorded sizes are real, and small: so all four would be planned, yet it stops as soon as it is below 82 %.
    const report = await rig.gc({ gcLow: 82, futile: 'evict' }, { statfs: statfs(85_000_000n) });
    assert.deepEqual(names(report.evicted), names(made));
    const less = await rig.gc({ gcLow: 80 }, { statfs: statfs(84_000_000n) });
    assert.equal(less.reason, 'below-high');
  });

  it('31 stops as soon as it is below the low mark, however long the plan', async () => {
    const made = await fillAt(1000, 2000, 3000, 4000);
    const statfs = (): FileSystemState => {
      const gone = made.filter(({ path: at }) => !fs.existsSync(at)).length;
      const free = gone > 0 ? 50_000_000n : 10_000_000n;
      return {
        blocks: 100_000_000n,
        bfree: free,
        bavail: free,
        bsize: 1n,
        files: 0n,
        ffree: 0n,
        type: 0xef53,
      };
    };
    const report = await rig.gc({ futile: 'evict' }, { statfs });
    assert.deepEqual([names(report.evicted), report.reason], [[made[0]!.name], 'below-low']);
  });

  it('32 keeps its own budget with the same distance between the marks', async () => {
    const made = await fillAt(1000, 2000, 3000, 4000);
    const bytes = made[0]!.metadata.bytes;
    assert.equal((await rig.gc({ maxBytes: bytes * 4 + 1 })).reason, 'below-high');
    const report = await rig.gc({ maxBytes: bytes * 4, gcHigh: 80, gcLow: 40 });
    assert.deepEqual([names(report.evicted), report.reason], [names(made.slice(0, 3)), 'below-low']);
  });

  it('33 touched between the scan and the lock: kept', async () => {
    const [first] = await fillAt(1000);
    const report = await rig.gcAll(
      {},
      {
        onStep: (step) => {
          if (step === 'G7c') fs.utimesSync(first!.path, new Date(), new Date());
        },
      },
    );
    assert.deepEqual(report.evicted, []);
    assert.ok(report.skipped.some(({ why }) => why === 'touched'));
    assert.ok(fs.existsSync(first!.path));
  });

  it('34 started since its time stamp (enroot’s own lock is newer): second chance', async () => {
    const [old, older] = await fillAt(1000, 2000);
    fs.writeFileSync(path.join(old!.path, '.lock'), '');
    fs.utimesSync(path.join(old!.path, '.lock'), 3000, 3000);
    fs.utimesSync(old!.path, 1000, 1000);
    assert.deepEqual(names((await rig.plan({ maxBytes: 1 })).would_evict), [older!.name, old!.name]);
  });

  it('35 pinned, excluded and young entries stay even when the disk is full', async () => {
    const [pinned, excluded, young] = await fillAt(1000, 2000, Date.now() / 1000);
    await changePins(userLayout(rig.base, UID), { add: [pinned!.name] }, rig.ports());
    const state = { ...rig.ports().statfs(rig.base), bfree: 0n, bavail: 0n };
    const raw = { minAge: '2m', exclude: [excluded!.name], futile: 'evict' };
    const report = await rig.gc(raw, { statfs: () => state });
    assert.deepEqual(report.evicted, []);
    assert.deepEqual(Object.fromEntries(report.skipped.map(({ name, why }) => [name, why])), {
      [pinned!.name]: 'pinned',
      [excluded!.name]: 'excluded',
      [young!.name]: 'young',
    });
    assert.equal((await rig.list()).entries[0]?.state, 'pinned');
  });

  it('36 the disk is full of other data: futile, nothing evicted', async () => {
    await fillAt(1000);
    const state = { ...rig.ports().statfs(rig.base), bfree: 0n, bavail: 0n };
    const report = await rig.gc({}, { statfs: () => state });
    assert.deepEqual([report.reason, report.evicted], ['futile', []]);
  });

  it('37 what is deleted does not come back: stops, and says so', async () => {
    const made = await fillAt(1000, 2000, 3000);
    const bytes = BigInt(made[0]!.metadata.bytes);
    // Just over the mark by less than one entry; nothing that is deleted frees anything.
    const blocks = bytes * 100n;
    const state = {
      ...rig.ports().statfs(rig.base),
      bsize: 1n,
      blocks,
      bfree: (blocks * 15n) / 100n,
      bavail: (blocks * 15n) / 100n,
    };
    const report = await rig.gc(
      { gcHigh: 85, gcLow: 84, futile: 'evict' },
      { statfs: () => ({ ...state, files: 0n }) },
    );
    assert.equal(report.reason, 'not-reclaiming');
    assert.ok(report.evicted.length < made.length, String(report.evicted.length));
  });

  it('38 a dry run is the plan that would be applied, and changes nothing at all', async () => {
    await fillAt(1000, 2000);
    const before = snapshot(rig.folder);
    const plan = await rig.plan({ maxBytes: 1 });
    assert.deepEqual(snapshot(rig.folder), before);
    assert.deepEqual(names((await rig.gcAll()).evicted), names(plan.would_evict));
  });

  it('38 a plan that was shown is applied as it is: what changed since is kept', async () => {
    const [first, second] = await fillAt(1000, 2000);
    const plan = await rig.plan({ maxBytes: 1 });
    fs.utimesSync(first!.path, new Date(), new Date());
    const third = await rig.fill(rig.image('late'));
    fs.utimesSync(third.path, 1, 1);
    const settings = rig.settings({ maxBytes: 1 });
    const report = await collectGarbage({ settings, base: rig.base }, { plan }, rig.ports());
    assert.deepEqual(names(report.evicted), [second!.name]);
    assert.ok(fs.existsSync(third.path));
  });

  it('39 of two collections one says busy', async () => {
    await fillAt(1000);
    const gate = path.join(rig.folder, 'go');
    const first = rig.drive({ op: 'gc', settings: { maxBytes: 1 }, pauseAt: 'G4', pauseUntil: gate });
    await first.when('paused');
    assert.equal((await rig.gcAll()).reason, 'busy');
    fs.writeFileSync(gate, '');
    await first.ended;
  });

  const STEPS: RootfsStep[] = ['G3', 'G4', 'G5', 'G7a', 'G7c', 'G7d', 'G7e', 'G7f', 'G7g', 'G7h', 'G9'];
  for (const step of STEPS) {
    it(`40 a collection killed at ${step}: whole entry or none, and the next one empties build and trash`, async () => {
      const image = rig.image('a');
      const { path: at } = await rig.fill(image);
      fs.utimesSync(at, 1000, 1000);
      const settings = { maxBytes: 1, minAge: 0 };
      const { signal } = await rig.drive({ op: 'gc', settings, killAt: step }).ended;
      assert.equal(signal, 'SIGKILL');
      const gone = ['G7f', 'G7g', 'G7h', 'G9'].includes(step);
      assert.equal(fs.existsSync(path.join(at, 'marker')), !gone);
      assert.equal((await rig.fill(image)).hit, !gone);
      await rig.gc();
      assert.deepEqual(rig.leftovers(), []);
    }).timeout(20_000);
  }

  it('43 made by another tool: kept until it is old; then evicted; a half-made one is never reused', async () => {
    const image = rig.image('a');
    const { path: at, name } = await rig.fill(image);
    fs.rmSync(rig.hidden('meta', `${name}.json`));
    assert.equal((await rig.list()).entries[0]?.state, 'foreign');
    assert.deepEqual((await rig.gcAll()).evicted, []);
    fs.rmSync(path.join(at, 'marker'));
    const again = await rig.fill(image);
    assert.deepEqual([again.hit, fs.existsSync(path.join(at, 'marker'))], [false, true]);
    fs.rmSync(rig.hidden('meta', `${name}.json`));
    fs.utimesSync(at, 1000, 1000);
    const later = () => BigInt(Date.now() + 7 * 3600_000) * 1_000_000n;
    assert.deepEqual(names((await rig.gc({ maxAge: '1h' }, { nowNs: later })).evicted), [name]);
  });

  it('43 a complete idle tree under the proposal’s name is adopted', async () => {
    const image = rig.image('a');
    const { name, path: at } = await rig.fill(image, { keyScheme: 'pr174' });
    fs.rmSync(rig.hidden('meta', `${name}.json`));
    const inode = fs.statSync(at).ino;
    const adopted = await rig.fill(image, { keyScheme: 'pr174' });
    assert.deepEqual([fs.statSync(adopted.path).ino, rig.calls('create')], [inode, 1]);
  });

  it('46 an entry that is a link to something: listed as invalid; list, gc and verify leave the target alone', async () => {
    const { path: at, name } = await rig.fill(rig.image('a'));
    const victim = rig.makeFolder('victim', 0o755);
    fs.writeFileSync(path.join(victim, 'precious'), 'x');
    fs.renameSync(at, path.join(rig.folder, 'moved'));
    fs.symlinkSync(victim, at);
    const before = snapshot(victim);
    assert.equal((await rig.list()).entries.find((entry) => entry.name === name)?.state, 'invalid');
    assert.ok((await rig.gcAll()).skipped.some(({ why }) => why.startsWith('invalid')));
    assert.deepEqual(snapshot(victim), before);
    assert.equal(fs.readlinkSync(at), victim);
  });

  it('maxAge takes what was not used for longer, at any fill level', async () => {
    const [old] = await fillAt(1000, Date.now() / 1000);
    assert.deepEqual(names((await rig.gc({ maxAge: '1d' })).evicted), [old!.name]);
  });

  it('collects after a publication that is over the marks, and not again within half a minute', async () => {
    const [old] = await fillAt(1000);
    // Without a forecast nothing is known before: only when it is unpacked it is over its budget.
    const publish = (name: string) => rig.acquire(rig.image(name), { maxBytes: 1 }, { useForecast: false });
    (await publish('late')).release();
    assert.equal(fs.existsSync(old!.path), false);
    const before = fs.readFileSync(rig.hidden('gc-last.json'), 'utf8');
    const again = await publish('later');
    again.release();
    assert.ok(fs.existsSync(again.path));
    assert.equal(rig.entries().length, 2);
    assert.equal(fs.readFileSync(rig.hidden('gc-last.json'), 'utf8'), before);
  });

  it('remembers the last run', async () => {
    await fillAt(1000);
    await collectGarbage(
      { settings: rig.settings({ maxBytes: 1 }), base: rig.base, trigger: 'epilog' },
      {},
      rig.ports(),
    );
    const last = (await rig.list()).fs.last_gc;
    assert.deepEqual([last?.trigger, last?.evicted, last?.reason], ['epilog', 1, 'below-low']);
  });
});

/** Every path below with all that stat knows but the time of the last reading. */
function snapshot(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { ino, mode, size, mtimeNs, ctimeNs, nlink } = fs.lstatSync(path.join(folder, name), {
        bigint: true,
      });
      return [name, ino, mode, size, mtimeNs, ctimeNs, nlink].join(' ');
    });
}
