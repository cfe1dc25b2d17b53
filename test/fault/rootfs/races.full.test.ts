// The long checks of the test plan: random kills, races without locks, an attacker, many starts, many entries, a power cut. Counts
// are small enough for every run; ROOTFS_TRIALS=n multiplies them.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { coordinateGc } from '../../../server/src/core/rootfs/coordinateGc.ts';
import { execRootfs } from '../../../server/src/core/rootfs/execRootfs.ts';
import { userLayout } from '../../../server/src/core/rootfs/layout.ts';
import { verifyRootfs } from '../../../server/src/core/rootfs/verifyRootfs.ts';
import { runAttached } from '../../../server/src/core/process.ts';
import { runProgram } from '../../helpers/cli.ts';
import { makeEntry } from '../../helpers/rootfs/manyEntries.ts';
import { driverPath, IS_ROOT, RootfsRig, UID } from '../../helpers/rootfs/rig.ts';
import { skipBecause } from '../../helpers/skip.ts';

const TIMES = Number(process.env.ROOTFS_TRIALS ?? 1);
const MAKE_DISK = 'mkfs.ext4';
const CLI = path.join(import.meta.dirname, '../../../dist/cli.js');
const STRESS = path.join(import.meta.dirname, '../../stress/rootfs.ts');

describe('rootfs cache, test plan: races', function () {
  this.timeout(300_000 * TIMES);
  let rig: RootfsRig;
  beforeEach(() => {
    rig = new RootfsRig();
  });
  afterEach(() => rig.remove());

  const stress = (...args: string[]) =>
    runProgram([process.execPath, '--import=tsx', STRESS, ...args], {
      cwd: path.dirname(STRESS),
      env: rig.env,
    });
  /** An enroot that copies a folder: hundreds of entries in seconds. */
  const quickEnroot = () => {
    const script = `#!/bin/sh
case $1 in
  version) echo quick;;
  create) cp -r "$5.tree" "$ENROOT_DATA_PATH/$3";;
  *) exit 1;;
esac
`;
    fs.rmSync(path.join(rig.bin, 'enroot'));
    fs.writeFileSync(path.join(rig.bin, 'enroot'), script, { mode: 0o755 });
  };
  const quickImage = (name: string, files: number) => {
    const image = path.join(rig.folder, name);
    fs.mkdirSync(`${image}.tree`);
    for (let index = 0; index < files; index++)
      fs.writeFileSync(path.join(`${image}.tree`, `f${index}`), 'x');
    const head = Buffer.alloc(4096);
    head.write('hsqs', 0, 'latin1');
    head.writeUInt32LE(files + 1, 4);
    head.writeUInt16LE(4, 28);
    head.writeBigUInt64LE(4096n, 40);
    fs.writeFileSync(image, head);
    return image;
  };

  it('09 sixteen processes, four images, collections and random kills: no violation, nothing left', async () => {
    const { code, stdout, stderr } = await stress('--seconds', String(20 * TIMES), '--slots', '16');
    assert.equal(code, 0, `${stdout}\n${stderr}`);
  });

  it('57 the same against a protocol without these rules finds violations', async () => {
    const { code, stdout, stderr } = await stress('--seconds', '240', '--naive');
    assert.equal(code, 0, `${stdout}\n${stderr}`);
  });

  it('29 128 starts at once of one entry: all run, at most sixteen set up at a time', async () => {
    const handle = await rig.acquire(rig.image('a'));
    const log = path.join(rig.folder, 'starts');
    // Like enroot it sets up under a lock in the tree; it never gets a root of its own, so that setting up lasts until its end.
    const script = `#!/bin/sh
echo begin >> "${log}"
exec flock -w 60 "$ENROOT_DATA_PATH/${handle.name}/.lock" sh -c 'sleep 0.02; echo end >> "${log}"'
`;
    const enroot = path.join(rig.folder, 'starter');
    fs.writeFileSync(enroot, script, { mode: 0o755 });
    const ports = rig.ports();
    const request = { enroot, options: [], argv: ['true'] };
    const codes = await Promise.all(
      Array.from({ length: 128 }, () => execRootfs(handle, request, runAttached, ports)),
    );
    handle.release();
    assert.deepEqual([...new Set(codes)], [0]);
    let running = 0;
    const lines = fs.readFileSync(log, 'utf8').trim().split('\n');
    const most = Math.max(...lines.map((line) => (running += line === 'begin' ? 1 : -1)));
    assert.equal(lines.length, 256);
    assert.ok(most <= 16, `${most} at a time`);
  });

  it('41 a start without any lock racing an eviction: the whole tree, or a clean failure', async function () {
    const files = 60;
    const script = `mount --rbind "$1" "$1" 2>/dev/null || exit 3
# From here on as a container: inside the tree, whatever becomes of its name.
cd "$1" || exit 3
for turn in 1 2 3; do [ "$(ls | grep -c '^f')" = ${files} ] || exit 9; sleep 0.02; done`;
    const start = (at: string) => {
      const args = ['--user', '--map-root-user', '--mount', 'sh', '-c', script, 'sh', at];
      const child = spawn('unshare', args, { stdio: 'ignore' });
      return new Promise<number | null>((resolve) => child.once('close', resolve));
    };
    if ((await start(rig.folder)) === 1) skipBecause(this, 'no user namespaces here');
    quickEnroot();
    const image = quickImage('a', files);
    const count = new Map<number | null, number>();
    for (let trial = 0; trial < 60 * TIMES; trial++) {
      const { path: at } = await rig.fill(image);
      fs.utimesSync(at, 1000, 1000);
      const delay = Math.random() * 40;
      const [code] = await Promise.all([
        new Promise((resolve) => setTimeout(resolve, delay)).then(() => start(at)),
        rig.gcAll(),
      ]);
      count.set(code, (count.get(code) ?? 0) + 1);
    }
    const known = [...count.keys()].every((code) => code === 0 || code === 3);
    assert.ok(known, `exit codes ${JSON.stringify([...count])}`);
    await rig.gcAll();
    assert.deepEqual(rig.leftovers(), []);
  });

  it('47 a user swaps entries for links while root collects: what the links lead to is intact', async function () {
    if (!IS_ROOT)
      skipBecause(this, 'needs root and a second user; 47 in limits.test.ts swaps at every step as one user');
    const uid = 20001;
    fs.chmodSync(rig.base, 0o1777);
    const canary = rig.makeFolder('canary', 0o777);
    fs.writeFileSync(path.join(canary, 'precious'), 'x', { mode: 0o600 });
    const folder = path.join(rig.base, String(uid));
    const layout = userLayout(rig.base, uid);
    for (const made of [folder, layout.hidden, layout.locks, layout.meta, layout.build, layout.trash]) {
      fs.mkdirSync(made, { mode: 0o700 });
      fs.chownSync(made, uid, uid);
    }
    const attack = `import fs from 'node:fs';
      const folder = process.argv[1], canary = process.argv[2];
      for (;;) for (const name of fs.readdirSync(folder).filter((one) => one.startsWith('pyxis_'))) try {
        fs.renameSync(folder + '/' + name, folder + '/aside'); fs.symlinkSync(canary, folder + '/' + name);
        fs.unlinkSync(folder + '/' + name); fs.renameSync(folder + '/aside', folder + '/' + name);
      } catch {}`;
    const attacker = spawn(process.execPath, ['--input-type=module', '-e', attack, folder, canary], {
      stdio: 'ignore',
      uid,
      gid: uid,
    });
    // Made out of the attacker's reach, who would else turn the test's own chown on the canary.
    const workshop = rig.makeFolder('workshop', 0o700);
    const addTree = (name: string) => {
      const tree = path.join(workshop, name);
      fs.mkdirSync(tree);
      fs.writeFileSync(path.join(tree, 'f'), 'x');
      fs.chownSync(tree, uid, uid);
      fs.utimesSync(tree, 1000, 1000);
      fs.renameSync(tree, path.join(folder, name));
    };
    let evicted = 0;
    try {
      for (let round = 0; round < 2 * TIMES; round++) {
        for (let index = 0; index < 30; index++)
          addTree(`pyxis_cache_u${uid}_${String(round * 100 + index).padStart(16, '0')}`);
        const settings = rig.settings({ maxAge: '1h', foreignMinAge: 0 });
        const self = { command: process.execPath, args: [driverPath()] };
        const report = await coordinateGc({ settings, base: rig.base }, { self }, rig.ports());
        evicted += report.evicted.length;
        assert.equal(fs.readFileSync(path.join(canary, 'precious'), 'utf8'), 'x');
        assert.equal(fs.statSync(canary).mode & 0o777, 0o777);
        assert.equal(fs.statSync(canary).uid, 0);
      }
    } finally {
      attacker.kill('SIGKILL');
    }
    assert.ok(evicted > 0, 'nothing was evicted at all');
  });

  it('54 a hundred thousand entries are listed whole and in order in little memory, and other work goes on meanwhile', async function () {
    this.timeout(180_000);
    const total = 100_000;
    // Where files cost least: it is about reading them.
    const many = new RootfsRig(fs.existsSync('/dev/shm') ? '/dev/shm' : undefined);
    try {
      await many.fill(many.image('a'));
      for (let index = 0; index < total; index++)
        makeEntry(many.user, UID, index, 1000 + ((index * 7919) % total));
      const printed = await listAsCommand(many.base);
      assert.equal(printed.lines, total + 2);
      assert.ok(printed.sorted, 'not in the order of last use');
      assert.ok(printed.peakBytes < 150e6, `${(printed.peakBytes / 1e6).toFixed(0)} MB at most`);
      let turns = 0;
      let counting = true;
      const count = () => {
        turns++;
        if (counting) setImmediate(count);
      };
      setImmediate(count);
      const plan = await many.plan({ maxBytes: total * 690_000_000 });
      counting = false;
      assert.ok(turns > 5, `other work ran ${turns} times`);
      assert.ok(plan.would_evict.length > 200);
      assert.equal(plan.would_evict[0]?.name, printed.first);
      assert.equal(plan.cache_bytes, (await many.list()).fs.cache_bytes);
    } finally {
      fs.rmSync(many.folder, { recursive: true, force: true });
    }
  });

  it('58 the power fails at a step of publishing: every valid entry is whole after the journal was replayed', async function () {
    if (!IS_ROOT) skipBecause(this, 'needs root for a loop device; 58 in safety.test.ts plays another boot');
    const disk = path.join(rig.folder, 'disk');
    fs.writeFileSync(disk, '');
    fs.truncateSync(disk, 64 << 20);
    try {
      execFileSync(MAKE_DISK, ['-q', disk], { stdio: 'ignore' });
      execFileSync('mount', ['-o', 'loop', disk, rig.base], { stdio: 'ignore' });
    } catch {
      skipBecause(this, 'no loop devices or no mkfs.ext4 here');
    }
    const cuts: string[] = [];
    try {
      fs.chmodSync(rig.base, 0o755);
      for (const [index, step] of ['A8', 'A10', 'A11', 'A12', 'later'].entries()) {
        const files = { marker: String(index).repeat(200_000), 'deep/er/file': 'x'.repeat(9000) };
        const cut = () => {
          const copy = path.join(rig.folder, `cut-${step}`);
          // What is on the disk now, and nothing of what is only in memory.
          fs.copyFileSync(disk, copy);
          cuts.push(copy);
        };
        const onStep = (reached: string) => (reached === step ? cut() : undefined);
        const handle = await rig.acquire(rig.image(`i${index}`, files), { syncOnPublish: true }, { onStep });
        handle.release();
        if (step === 'later') cut();
      }
    } finally {
      execFileSync('umount', ['-l', rig.base]);
    }
    let checked = 0;
    for (const cut of cuts) {
      execFileSync('mount', ['-o', 'loop', cut, rig.base], { stdio: 'ignore' });
      try {
        const layout = userLayout(rig.base, UID);
        for (const { name, state } of (await rig.list()).entries) {
          if (state !== 'ready') continue;
          checked++;
          assert.deepEqual(
            await verifyRootfs(layout, name),
            { name, ok: true, problem: null },
            path.basename(cut),
          );
        }
        await rig.gc();
        assert.deepEqual(rig.leftovers(), []);
      } finally {
        execFileSync('umount', [rig.base]);
      }
    }
    assert.ok(checked >= 4, `only ${checked} entries outlived a cut`);
  });
});

/** What `rootfs list` of the built program printed, and its most memory. */
async function listAsCommand(base: string) {
  const child = spawn(process.execPath, [CLI, 'rootfs', 'list', '--base', base], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const result = { lines: 0, sorted: true, first: '', peakBytes: 0 };
  let before = '';
  const watch = setInterval(() => {
    result.peakBytes = Math.max(result.peakBytes, peakOf(child.pid));
  }, 5);
  for await (const line of createInterface({ input: child.stdout })) {
    result.lines++;
    const [, , , , used, name] = /^(\S+)\s+(\S+)\s+([\d.]+ \S+)\s+(\S+)\s+(\S+)/.exec(line) ?? [];
    if (used === undefined || name === undefined) continue;
    result.first ||= name;
    if (used < before) result.sorted = false;
    before = used;
  }
  clearInterval(watch);
  return result;
}

function peakOf(pid: number | undefined): number {
  try {
    const status = fs.readFileSync(`/proc/${pid ?? 0}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
