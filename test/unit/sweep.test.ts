import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { nodeFiles } from '../../server/src/core/files.ts';
import { recordOwner } from '../../server/src/core/owner.ts';
import { realPorts } from '../../server/src/core/ports.ts';
import { findLeftovers, keepLeftover, sweepCache } from '../../server/src/core/sweep.ts';
import { addPrepared, makeCache, makeFolder, removeFolder, silentLog } from '../helpers/cacheBuilder.ts';

const ports = realPorts(silentLog, process.env);

/** Id of a process that has ended. */
function deadPid(): number {
  return spawnSync('true').pid;
}

describe('sweep of leftovers', () => {
  let folder: string;
  let cache: string;
  beforeEach(() => {
    folder = makeFolder();
    cache = makeCache(path.join(folder, 'cache'));
  });
  afterEach(() => removeFolder(folder));

  const nanos = () => BigInt(Date.now()) * 1_000_000n;

  /** One leftover of each kind, as the process with this id would have left it. */
  function layLeftovers(pid: number): string[] {
    const files = [
      `base/.0123456789abcdef-redis-7.hpc-compose-stage-${pid}-${nanos()}-0.sqsh`,
      `prepared/0123456789abcdef-app.sqsh.json.tmp.${pid}.0.17.0`,
    ].map((name) => path.join(cache, name));
    const directories = [
      `enroot/tmp/hpc-compose-enroot-${pid}`,
      `enroot/data/hpc-compose-app-${pid}-${nanos()}-0`,
      `prepared/hpc-compose-app-${pid}-${nanos()}-0.sandbox`,
      `models/0123456789abcdef.staging.${pid}.0.${nanos()}`,
      `datasets/.hpc-compose-removing-${pid}-0123456789abcdef`,
    ].map((name) => path.join(cache, name));
    for (const file of files) fs.writeFileSync(file, 'half');
    for (const directory of directories) {
      fs.mkdirSync(path.join(directory, 'etc'), { recursive: true });
      fs.writeFileSync(path.join(directory, 'etc/passwd'), 'x');
    }
    return [...files, ...directories].sort();
  }

  it('removes what dead processes left, and nothing else', async () => {
    const app = addPrepared(cache, 'app');
    const foreign = path.join(cache, 'base/notes.txt');
    fs.writeFileSync(foreign, 'mine');
    const laid = layLeftovers(deadPid());
    const { removed, bytes } = await sweepCache(cache, ports);
    assert.deepEqual([...removed].sort(), laid);
    assert.ok(bytes > 0);
    assert.ok(laid.every((file) => !fs.existsSync(file)));
    assert.ok(fs.existsSync(app) && fs.existsSync(`${app}.json`) && fs.existsSync(foreign));
  });

  it('removes half-written files of our own folder once their writer is gone', async () => {
    const own = (name: string) => path.join(cache, '.hpc-compose-vscode', name);
    const old = [`pins.json.tmp.${deadPid()}.17`, `registry/spec/a.use.tmp.${deadPid()}.17`].map(own);
    const fresh = own(`pins.json.tmp.${deadPid()}.18`);
    const unnamed = own('pins.json.tmp.someone');
    fs.mkdirSync(own('registry/spec'), { recursive: true });
    for (const file of [...old, fresh, unnamed]) fs.writeFileSync(file, 'half');
    const twoMinutesAgo = Date.now() / 1000 - 120;
    for (const file of [...old, unnamed]) fs.utimesSync(file, twoMinutesAgo, twoMinutesAgo);
    await sweepCache(cache, ports);
    assert.ok(!old.some((file) => fs.existsSync(file)));
    assert.ok(fs.existsSync(fresh) && fs.existsSync(unnamed));
  });

  it('leaves what a living process may own', async () => {
    const laid = layLeftovers(process.pid);
    assert.deepEqual((await sweepCache(cache, ports)).removed, []);
    assert.ok(laid.every((file) => fs.existsSync(file)));
  });

  it('leaves what a build under its lock may own, whatever the process id says', async () => {
    const staged = path.join(cache, `base/.0123456789abcdef-x.hpc-compose-stage-${deadPid()}-1-0.sqsh`);
    fs.writeFileSync(staged, 'half');
    const lock = path.join(cache, 'base/0123456789abcdef-x.sqsh.build.lock');
    const holder = spawn('flock', ['-x', lock, 'sh', '-c', 'echo held; sleep 30'], { detached: true });
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    try {
      assert.deepEqual((await sweepCache(cache, ports)).removed, []);
    } finally {
      process.kill(-holder.pid!);
    }
    // Its output ends with the last process that has the lock, which may be another than flock.
    await new Promise((resolve) => holder.once('close', resolve));
    assert.deepEqual((await sweepCache(cache, ports)).removed, [staged]);
  });

  it('leaves the root file system that a surviving child still names', async () => {
    const name = `hpc-compose-app-${deadPid()}-${nanos()}-0`;
    fs.mkdirSync(path.join(cache, 'enroot/data', name));
    const child = spawn('sleep', ['30'], { env: { ROOTFS: name } });
    await new Promise((resolve) => child.once('spawn', resolve));
    try {
      assert.deepEqual(findLeftovers(cache), []);
    } finally {
      child.kill();
    }
    await new Promise((resolve) => child.once('exit', resolve));
    assert.equal(findLeftovers(cache).length, 1);
  });

  it('leaves what was asked to be kept', () => {
    const kept = path.join(cache, 'enroot/data', `hpc-compose-app-${deadPid()}-${nanos()}-0`);
    fs.mkdirSync(kept);
    keepLeftover(cache, kept);
    assert.deepEqual(findLeftovers(cache), []);
  });

  it('goes by the record of the owner where there is one, and drops records of the dead', async () => {
    const scratch = path.join(cache, `enroot/tmp/hpc-compose-enroot-${deadPid()}`);
    fs.mkdirSync(scratch);
    const forget = recordOwner(cache, [scratch], Date.now() / 1000, nodeFiles);
    assert.deepEqual((await sweepCache(cache, ports)).removed, []);
    const owners = path.join(cache, '.hpc-compose-vscode/owners');
    const [name = ''] = fs.readdirSync(owners);
    const record = fs.readFileSync(path.join(owners, name), 'utf8');
    fs.writeFileSync(path.join(owners, name), record.replace(/"start_time":"\d+"/, '"start_time":"1"'));
    assert.deepEqual((await sweepCache(cache, ports)).removed, [scratch]);
    assert.deepEqual(fs.readdirSync(owners), []);
    forget();
  });

  it('does not follow a link at the place of a leftover', async () => {
    const outside = path.join(folder, 'outside');
    fs.mkdirSync(outside);
    fs.writeFileSync(path.join(outside, 'keep'), 'keep');
    const link = path.join(cache, `enroot/tmp/hpc-compose-enroot-${deadPid()}`);
    fs.symlinkSync(outside, link);
    assert.deepEqual((await sweepCache(cache, ports)).removed, [link]);
    assert.deepEqual(fs.readdirSync(outside), ['keep']);
  });
});
