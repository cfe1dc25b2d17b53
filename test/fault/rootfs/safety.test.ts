import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { RootfsFailure, type RootfsErrorCode } from '../../../server/src/model/rootfs.ts';
import { coordinateGc } from '../../../server/src/core/rootfs/coordinateGc.ts';
import { verifyRootfs } from '../../../server/src/core/rootfs/verifyRootfs.ts';
import { userLayout } from '../../../server/src/core/rootfs/layout.ts';
import { skipBecause } from '../../helpers/skip.ts';
import { drive, driverPath, IS_ROOT, RootfsRig, UID } from '../../helpers/rootfs/rig.ts';

const code = (expected: RootfsErrorCode) => (error: unknown) =>
  error instanceof RootfsFailure && error.rootfsCode === expected;

describe('rootfs cache, test plan: safety', () => {
  let rig: RootfsRig;
  beforeEach(() => {
    rig = new RootfsRig();
  });
  afterEach(() => rig.remove());

  it('44 a base that others may write to, or a link: E_BASE_UNSAFE, with its sticky twin accepted', async () => {
    const image = rig.image('a');
    fs.chmodSync(rig.base, 0o777);
    await assert.rejects(rig.fill(image), code('E_BASE_UNSAFE'));
    fs.chmodSync(rig.base, 0o1777);
    await rig.fill(image);
    const link = path.join(rig.folder, 'link');
    fs.symlinkSync(rig.base, link);
    await assert.rejects(rig.fill(image, { base: link }), code('E_BASE_UNSAFE'));
    await assert.rejects(rig.fill(image, { base: path.join(rig.folder, 'nowhere') }), code('E_BASE_UNSAFE'));
    await assert.rejects(rig.fill(image, { base: '/tmp' }), code('E_BASE_UNSAFE'));
  });

  it('44 an ancestor that others may write to: E_BASE_UNSAFE', async () => {
    const open = rig.makeFolder('open', 0o777);
    fs.mkdirSync(path.join(open, 'base'));
    await assert.rejects(rig.fill(rig.image('a'), { base: path.join(open, 'base') }), code('E_BASE_UNSAFE'));
  });

  it('45 the user’s folder is open to others, a link or a file: refused and left as it is', async () => {
    const image = rig.image('a');
    fs.mkdirSync(rig.user);
    fs.chmodSync(rig.user, 0o750);
    await assert.rejects(rig.fill(image), code('E_MODE'));
    assert.equal(fs.statSync(rig.user).mode & 0o777, 0o750);
    fs.rmdirSync(rig.user);
    const elsewhere = rig.makeFolder('elsewhere', 0o700);
    fs.symlinkSync(elsewhere, rig.user);
    await assert.rejects(rig.fill(image), code('E_SYMLINK'));
    assert.deepEqual(fs.readdirSync(elsewhere), []);
  });

  it('45 the user’s folder belongs to somebody else: refused and left as it is', async function () {
    if (!IS_ROOT) skipBecause(this, 'needs root');
    fs.mkdirSync(rig.user, { mode: 0o700 });
    fs.chownSync(rig.user, 23456, 23456);
    await assert.rejects(rig.fill(rig.image('a')), code('E_OWNER'));
    assert.equal(fs.statSync(rig.user).uid, 23456);
  });

  it('49 folders of others that may not be read: counted, no error', async () => {
    await rig.fill(rig.image('a'));
    const other = path.join(rig.base, String(UID + 1));
    fs.mkdirSync(other);
    fs.chmodSync(other, 0);
    const list = await rig.list();
    if (IS_ROOT) return;
    assert.equal(list.fs.not_visible, 1);
    assert.equal(list.entries.filter(({ state }) => state === 'notVisible').length, 1);
  });

  it('50 a mount inside the trash is not crossed', async function () {
    if (!IS_ROOT) skipBecause(this, 'needs root to mount');
    await rig.fill(rig.image('a'));
    const target = rig.makeFolder('target', 0o755);
    fs.writeFileSync(path.join(target, 'precious'), 'x');
    const trash = rig.hidden('trash', `pyxis_cache_u${UID}_${'0'.repeat(16)}~${'0'.repeat(12)}`);
    fs.mkdirSync(path.join(trash, 'inside'), { recursive: true });
    execFileSync('mount', ['--bind', target, path.join(trash, 'inside')]);
    try {
      const report = await rig.gc();
      assert.equal(fs.readFileSync(path.join(target, 'precious'), 'utf8'), 'x');
      assert.equal(report.warnings.length, 1);
    } finally {
      execFileSync('umount', [path.join(trash, 'inside')]);
    }
    await rig.gc();
    assert.deepEqual(rig.leftovers(), []);
  });

  it('51 a file that cannot be deleted stays in the trash with a warning; the collection goes on', async function () {
    if (!IS_ROOT) skipBecause(this, 'needs root for chattr');
    const first = await rig.fill(rig.image('a'));
    const second = await rig.fill(rig.image('b'));
    const stubborn = path.join(first.path, 'marker');
    try {
      execFileSync('chattr', ['+i', stubborn], { stdio: 'ignore' });
    } catch {
      skipBecause(this, 'the file system has no immutable files');
    }
    const report = await rig.gcAll();
    const left = execFileSync('find', [rig.hidden('trash'), '-name', 'marker'], { encoding: 'utf8' }).trim();
    try {
      assert.equal(report.evicted.length, 2);
      assert.equal(report.failed[0]?.name, first.name);
      assert.equal(fs.existsSync(second.path), false);
      assert.equal((await rig.gc()).warnings.length, 1);
    } finally {
      execFileSync('chattr', ['-i', left]);
    }
    await rig.gc();
    assert.deepEqual(rig.leftovers(), []);
  });

  it('52 a network file system: E_NETFS, and each host for itself when it is allowed', async () => {
    const statfs = () => ({ ...rig.ports().statfs('/'), type: 0x6969 });
    const image = rig.image('a');
    await assert.rejects(rig.acquire(image, {}, { statfs }), code('E_NETFS'));
    const handle = await rig.acquire(image, { allowNetworkFs: true }, { statfs, host: 'node17' });
    handle.release();
    assert.equal(path.dirname(handle.path), path.join(rig.user, 'node17'));
  });

  it('53 no enroot, no flock: E_NO_ENROOT, E_NO_FLOCK', async () => {
    const image = rig.image('a');
    const only = rig.makeFolder('only', 0o755);
    for (const tool of ['rm', 'nice'])
      fs.symlinkSync(execFileSync('which', [tool], { encoding: 'utf8' }).trim(), path.join(only, tool));
    await assert.rejects(rig.acquire(image, {}, { env: { PATH: only } }), code('E_NO_FLOCK'));
    fs.symlinkSync(execFileSync('which', ['flock'], { encoding: 'utf8' }).trim(), path.join(only, 'flock'));
    await assert.rejects(rig.acquire(image, {}, { env: { PATH: only } }), code('E_NO_ENROOT'));
  });

  it('55 states of all kinds; an unknown size is null, never 0', async () => {
    await rig.fill(rig.image('ready'));
    const foreign = await rig.fill(rig.image('foreign'));
    fs.rmSync(rig.hidden('meta', `${foreign.name}.json`));
    const invalid = `pyxis_cache_u${UID}_${'f'.repeat(16)}`;
    fs.writeFileSync(path.join(rig.user, invalid), '');
    fs.mkdirSync(rig.hidden('trash', `${invalid}~${'0'.repeat(12)}`));
    fs.mkdirSync(rig.hidden('build', `${invalid}~${'0'.repeat(12)}`));
    fs.mkdirSync(path.join(rig.user, 'pyxis_cache_u1_0'));
    const { entries } = await rig.list();
    assert.deepEqual(entries.map(({ state }) => state).sort(), [
      'building',
      'foreign',
      'invalid',
      'ready',
      'trash',
    ]);
    assert.equal(entries.find(({ state }) => state === 'foreign')?.bytes, null);
  });

  it('56 a read-only file system: list and dry run work, acquire fails plainly, nothing is written', async function () {
    if (!IS_ROOT) skipBecause(this, 'needs root to mount');
    const { name } = await rig.fill(rig.image('a'));
    const other = rig.image('b');
    execFileSync('mount', ['--bind', rig.base, rig.base]);
    execFileSync('mount', ['-o', 'remount,bind,ro', rig.base]);
    try {
      assert.deepEqual(
        (await rig.list()).entries.map((entry) => entry.name),
        [name],
      );
      assert.equal((await rig.plan({ maxBytes: 1 })).would_evict.length, 1);
      await assert.rejects(rig.fill(other), (error) => error instanceof RootfsFailure);
    } finally {
      execFileSync('umount', [rig.base]);
    }
  });

  it('58 not synced and another boot: counted before it is used again, rebuilt when files are gone', async () => {
    const image = rig.image('a');
    const { name, path: at } = await rig.fill(image);
    const record = rig.hidden('meta', `${name}.json`);
    const otherBoot = () => {
      const metadata = JSON.parse(fs.readFileSync(record, 'utf8')) as Record<string, unknown>;
      fs.writeFileSync(record, JSON.stringify({ ...metadata, bootId: 'another', synced: false }));
    };
    otherBoot();
    assert.equal((await rig.fill(image)).hit, true);
    fs.rmSync(path.join(at, 'marker'));
    assert.equal((await rig.fill(image)).hit, true, 'the same boot trusts its page cache');
    otherBoot();
    assert.match((await verifyRootfs(userLayout(rig.base, UID), name)).problem ?? '', /files are gone/);
    assert.equal((await rig.fill(image)).hit, false);
    assert.equal(fs.existsSync(path.join(at, 'marker')), true);
  });

  describe('several users, collected by root', () => {
    before(function () {
      if (!IS_ROOT) skipBecause(this, 'needs root');
    });

    const gcAll = (raw: Record<string, unknown> = {}) =>
      coordinateGc(
        { settings: rig.settings({ maxBytes: 1, ...raw }), base: rig.base },
        { self: { command: process.execPath, args: [driverPath()] } },
        rig.ports(),
      );
    const fillAs = async (uid: number, image: string, seconds: number) => {
      fs.chmodSync(rig.base, 0o1777);
      const home = path.join(rig.folder, `home-${uid}`);
      fs.mkdirSync(home, { recursive: true });
      fs.chownSync(home, uid, uid);
      const env = { ...rig.env, HOME: home, XDG_RUNTIME_DIR: home, FAKE_LOG: undefined };
      const user = drive({ op: 'acquire', base: rig.base, image, holdMs: 0 }, env, { uid, gid: uid });
      const held = await user.when('held');
      await user.ended;
      fs.utimesSync(held.path!, seconds, seconds);
      return held;
    };

    it('goes by last use across users, each with that user’s own rights', async () => {
      const image = rig.image('a');
      const other = rig.image('b');
      const first = await fillAs(20001, image, 1000);
      const second = await fillAs(20002, image, 500);
      const third = await fillAs(20001, other, 2000);
      const list = await rig.list();
      assert.deepEqual(
        list.entries.map(({ name }) => name),
        [second.name, first.name, third.name],
      );
      assert.deepEqual(
        (await gcAll()).evicted.map(({ name }) => name),
        [second.name, first.name, third.name],
      );
      for (const uid of [20001, 20002])
        for (const folder of ['build', 'trash'])
          assert.deepEqual(fs.readdirSync(path.join(rig.base, String(uid), '.rootfs-cache', folder)), []);
    }).timeout(30_000);

    it('48 touches nothing inside users’ folders as root', async function () {
      const image = rig.image('a');
      await fillAs(20001, image, 1000);
      const trace = path.join(rig.folder, 'trace');
      const task = { op: 'gcAll', base: rig.base, settings: { maxBytes: 1, minAge: 0 } };
      try {
        execFileSync(
          'strace',
          [
            '-ff',
            '-qq',
            '-y',
            '-e',
            'trace=/^(open|unlink|chown|chmod|rename|mkdir|set.*uid)',
            '-o',
            trace,
            process.execPath,
            driverPath(),
            JSON.stringify(task),
          ],
          { env: rig.env, stdio: 'ignore' },
        );
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') skipBecause(this, 'needs strace');
        throw error;
      }
      assert.equal(fs.existsSync(path.join(rig.base, '20001')), true);
      const inside = path.join(rig.base, '20001/');
      let checked = 0;
      for (const file of fs.readdirSync(rig.folder).filter((name) => name.startsWith('trace.'))) {
        let root = true;
        for (const line of fs.readFileSync(path.join(rig.folder, file), 'utf8').split('\n')) {
          const set = /^(?:setre(?:s)?uid|setuid|seteuid)\((?:-1, )?(\d+|-1)/.exec(line);
          if (set && line.endsWith(' = 0')) root = set[1] === '0';
          if (!line.includes(inside)) continue;
          checked++;
          // A child of the dropped helper never sets its uid itself; it inherits it, so only the setters count.
          if (root && isHelperOfRoot(rig.folder, file)) assert.fail(`as root: ${line}`);
        }
      }
      assert.ok(checked > 0, 'nothing was traced');
    }).timeout(60_000);

    it('a folder that does not belong to its uid is left alone', async () => {
      const held = await fillAs(20001, rig.image('a'), 1000);
      fs.renameSync(path.join(rig.base, '20001'), path.join(rig.base, '20009'));
      const report = await gcAll();
      assert.deepEqual(report.evicted, []);
      assert.ok(fs.existsSync(path.join(rig.base, '20009', path.basename(held.path!), 'marker')));
    });

    it('a link in the place of a folder is not looked behind', async () => {
      await fillAs(20001, rig.image('a'), 1000);
      const elsewhere = path.join(rig.folder, 'elsewhere');
      const litter = `.rootfs-cache/build/pyxis_cache_u20005_${'0'.repeat(16)}~${'0'.repeat(12)}`;
      fs.mkdirSync(path.join(elsewhere, litter), { recursive: true });
      fs.symlinkSync(elsewhere, path.join(rig.base, '20005'));
      const report = await gcAll();
      assert.deepEqual(report.warnings, []);
      assert.ok(fs.existsSync(path.join(elsewhere, litter)));
    });

    it('takes the proposal’s global lock, and says busy when a plugin has it', async () => {
      await fillAs(20001, rig.image('a'), 1000);
      const lock = path.join(rig.base, 'pyxis-container-cache-gc.lock');
      fs.writeFileSync(lock, '');
      const report = execFileSync(
        'flock',
        [lock, process.execPath, driverPath(), JSON.stringify({ op: 'gcAll', base: rig.base })],
        { env: rig.env, encoding: 'utf8' },
      );
      assert.match(report, /"reason":"busy"/);
    });
  });
});

/** True for the trace of the coordinator itself: the helper's begins after a fork and drops its rights first. */
function isHelperOfRoot(folder: string, file: string): boolean {
  const text = fs.readFileSync(path.join(folder, file), 'utf8');
  return /set(?:res|re|e)?uid\(/.test(text);
}
