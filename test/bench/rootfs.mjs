// Measures the rootfs cache: what a hit costs inside a running core, lists and decisions over 100,000 entries of 1,000 users,
// and how well an unpacking is forecast. Prints a table; sizes can be made smaller with --entries N.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { userLayout } from '../../server/src/core/rootfs/layout.ts';
import { renewRecordIndex } from '../../server/src/core/rootfs/recordIndex.ts';
import { forecastUnpack } from '../../server/src/core/rootfs/squashImage.ts';
import { measureTree } from '../../server/src/core/rootfs/treeOnDisk.ts';
import { LspConnection } from '../helpers/lspConnection.mjs';
import { makeEntry, makeUser } from '../helpers/rootfs/manyEntries.ts';
import { RootfsRig } from '../helpers/rootfs/rig.ts';

const { values } = parseArgs({ options: { entries: { type: 'string', default: '100000' } } });
const ENTRIES = Number(values.entries);
const IS_ROOT = process.geteuid?.() === 0;
const USERS = IS_ROOT ? 1000 : 1;
const CLI = path.join(import.meta.dirname, '../../dist/cli.js');
const SERVER = path.join(import.meta.dirname, '../../dist/server.js');
const rows = [];

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const since = (began) => performance.now() - began;

async function measureHit() {
  const rig = new RootfsRig();
  try {
    const image = rig.image('a');
    await rig.fill(image);
    const times = [];
    for (let turn = 0; turn < 60; turn++) {
      const began = performance.now();
      (await rig.acquire(image)).release();
      times.push(since(began));
    }
    rows.push({
      what: 'hit, inside a running core (median of 60)',
      measured: `${median(times).toFixed(1)} ms`,
      goal: '< 20 ms',
    });
  } finally {
    rig.remove();
  }
}

/** As acquisitions leave it: records, and the copy of them in one file. */
async function makeMany(base) {
  const each = ENTRIES / USERS;
  for (let user = 0; user < USERS; user++) {
    const uid = IS_ROOT ? 30000 + user : process.geteuid();
    const root = makeUser(base, uid);
    for (let index = 0; index < each; index++) {
      const number = user * each + index;
      makeEntry(root, uid, number, 1000 + number);
    }
  }
  const roots = fs.readdirSync(base).map((uid) => ({ uid: Number(uid), root: path.join(base, uid) }));
  for (const { uid, root } of roots) if (IS_ROOT) execFileSync('chown', ['-R', `${uid}:${uid}`, root]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  for (const { uid } of roots) {
    const layout = userLayout(base, uid);
    await renewRecordIndex(layout);
    if (IS_ROOT) fs.chownSync(layout.records, uid, uid);
  }
}

/** Wall time and peak memory of one command line. */
async function measureCommand(args) {
  const began = performance.now();
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let peak = 0;
  let bytes = 0;
  child.stdout.on('data', (chunk) => (bytes += chunk.length));
  const timer = setInterval(() => (peak = Math.max(peak, peakOf(child.pid))), 10);
  await new Promise((resolve) => child.on('close', resolve));
  clearInterval(timer);
  return { ms: since(began), peak, bytes };
}

function peakOf(pid) {
  try {
    const [, kib] = /VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kib ?? 0) / 1024;
  } catch {
    return 0;
  }
}

async function measureMany() {
  const parent = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir();
  const base = fs.mkdtempSync(path.join(parent, 'rootfs-bench-'));
  fs.chmodSync(base, 0o755);
  try {
    await makeMany(base);
    const name = `${ENTRIES.toLocaleString('en')} entries of ${USERS} users`;
    const list = ['rootfs', 'list', '--base', base, '--format', 'json'];
    const plan = ['rootfs', 'gc', '--base', base, '--dry-run', '--format', 'json'];
    const budget = ['--max-bytes', String(ENTRIES * 690_000_000)];
    for (const [what, args, goal] of [
      [`list of ${name}, whole command, JSON`, list, '< 1 s, < 150 MB'],
      [`decision of a collection of ${name}, whole command`, [...plan, ...budget], '< 1.5 s'],
    ]) {
      await measureCommand(args);
      const runs = [await measureCommand(args), await measureCommand(args), await measureCommand(args)];
      const ms = Math.min(...runs.map((run) => run.ms));
      const peak = Math.max(...runs.map((run) => run.peak));
      rows.push({ what, measured: `${(ms / 1000).toFixed(2)} s, ${peak.toFixed(0)} MiB peak`, goal });
    }
    await measureServer(base, name);
  } finally {
    fs.rmSync(base, { recursive: true, force: true });
  }
}

/** Loaded into the language server: tells its longest delay since the last time it was asked. */
const HOOK = `
const loop = require('node:perf_hooks').monitorEventLoopDelay({ resolution: 1 });
loop.enable();
process.on('SIGUSR2', () => {
  process.stderr.write('loop ' + (loop.max / 1e6).toFixed(0) + '\\n');
  loop.reset();
});
`;

/** How long the language server is deaf while the view asks for its list and its plan. */
async function measureServer(base, name) {
  const hook = path.join(base, '..', `${path.basename(base)}-hook.cjs`);
  fs.writeFileSync(hook, HOOK);
  const server = spawn(process.execPath, ['--require', hook, SERVER, '--stdio'], { stdio: 'pipe' });
  try {
    let said = '';
    server.stderr.on('data', (chunk) => (said += chunk));
    const delay = async () => {
      const before = said.length;
      server.kill('SIGUSR2');
      while (!/loop \d+\n/.test(said.slice(before))) await new Promise((resolve) => setTimeout(resolve, 5));
      return Number(/loop (\d+)\n/.exec(said.slice(before))[1]);
    };
    const connection = new LspConnection(server);
    const initializationOptions = { rootfsCache: { base } };
    await connection.request('initialize', {
      ...{ processId: process.pid, rootUri: null, capabilities: {}, initializationOptions },
    });
    connection.notify('initialized', {});
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const delays = [];
    for (let turn = 0; turn < 4; turn++) {
      await delay();
      await connection.request('hpcCompose/rootfs/list', {});
      await connection.request('hpcCompose/rootfs/gcPlan', { maxBytes: ENTRIES * 690_000_000 });
      delays.push(await delay());
    }
    rows.push({
      what: `longest delay of the language server while it lists ${name} and plans (median of 3, after one)`,
      measured: `${median(delays.slice(1))} ms`,
      goal: '< 50 ms',
    });
  } finally {
    server.kill();
    fs.rmSync(hook, { force: true });
  }
}

async function measureForecast() {
  const what = 'forecast of an unpacking, bytes and inodes';
  const goal = 'within 2 %';
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rootfs-forecast-'));
  try {
    execFileSync('mksquashfs', ['-version'], { stdio: 'ignore' });
    const image = path.join(folder, 'a.sqsh');
    const source = path.join(import.meta.dirname, '../../node_modules/');
    execFileSync('mksquashfs', [fs.realpathSync(source), image, '-no-progress', '-quiet', '-comp', 'gzip'], {
      stdio: 'ignore',
    });
    const rig = new RootfsRig();
    const forecast = await forecastUnpack(image, rig.ports());
    rig.remove();
    execFileSync('unsquashfs', ['-no-progress', '-d', path.join(folder, 'tree'), image], { stdio: 'ignore' });
    const real = await measureTree(path.join(folder, 'tree'));
    const off = (a, b) => `${((100 * (a - b)) / b).toFixed(2)} %`;
    const measured = `${off(forecast.bytes, real.bytes)} bytes, ${off(forecast.inodes, real.inodes)} inodes (${real.inodes} files)`;
    rows.push({ what, measured, goal });
  } catch (error) {
    const reason = error.code === 'ENOENT' ? 'no squashfs-tools on PATH' : error.message;
    rows.push({ what, measured: `not measured: ${reason}`, goal });
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

await measureHit();
await measureForecast();
await measureMany();
console.table(rows);
