// npm run stress:rootfs [-- --seconds N --slots N --naive]: many processes use and collect one rootfs cache and are killed at
// random, as several users where that is possible; an observer looks for broken invariants. Ends with one table; exit 1 when any
// invariant broke (with --naive: when none did within the time).
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { RootfsGcResult } from '../../server/src/model/rootfs.ts';
import { makeTree } from './tree.ts';
import type { WorkerTask } from './worker.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    slots: { type: 'string', default: '8' },
    naive: { type: 'boolean', default: false },
  },
});
const SECONDS = Number(values.seconds);
const IS_ROOT = process.geteuid?.() === 0;
const USERS = IS_ROOT ? [20001, 20002, 20003] : [process.geteuid?.() ?? 0];
const IMAGES = 4;
const USE_STEPS = ['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'A8', 'A9', 'A10', 'A11', 'A12'];
const GC_STEPS = ['G3', 'G4', 'G5', 'G7a', 'G7c', 'G7d', 'G7e', 'G7f', 'G7g', 'G7h', 'G9'];
const REASONS = ['below-high', 'below-low', 'busy', 'futile', 'partial', 'not-reclaiming'];

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rootfs-stress-'));
const base = makeFolder('base', IS_ROOT ? 0o1777 : 0o755);
const claims = makeFolder('claims', IS_ROOT ? 0o1777 : 0o755);
const bin = makeFolder('bin', 0o755);
const worker = path.join(bin, 'worker.mjs');
const count = {
  uses: 0,
  hits: 0,
  killed: 0,
  gcs: 0,
  evictions: 0,
  inUse: 0,
  errors: 0,
  violations: 0,
  leftovers: 0,
  rounds: 0,
};
const violations: string[] = [];
const children = new Set<ChildProcess>();
let over = false;

function makeFolder(name: string, mode: number): string {
  const at = path.join(folder, name);
  fs.mkdirSync(at);
  fs.chmodSync(at, mode);
  fs.chmodSync(folder, 0o755);
  return at;
}

/** A stand-in that copies file by file, so that there is something to be killed in. */
function makeTools(): string[] {
  const script = `#!/bin/sh
case $1 in
  version) echo stress; exit 0;;
  create) name=$3; image=$5; cp -r "$image.tree" "$ENROOT_DATA_PATH/$name";;
  *) exit 1;;
esac
`;
  fs.writeFileSync(path.join(bin, 'enroot'), script, { mode: 0o755 });
  const banner =
    "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  execFileSync(path.join(import.meta.dirname, '../../node_modules/.bin/esbuild'), [
    path.join(import.meta.dirname, 'worker.ts'),
    `--outfile=${worker}`,
    ...['--bundle', '--platform=node', '--format=esm', '--target=node20', '--log-level=warning'],
    `--banner:js=${banner}`,
  ]);
  return Array.from({ length: IMAGES }, (_none, index) => makeImage(`image${index}`));
}

function makeImage(name: string): string {
  const image = path.join(folder, name);
  makeTree(`${image}.tree`, name);
  const head = Buffer.alloc(4096);
  head.write('hsqs', 0, 'latin1');
  head.writeUInt32LE(fs.readdirSync(`${image}.tree`, { recursive: true }).length + 1, 4);
  head.writeUInt16LE(4, 28);
  head.writeBigUInt64LE(4096n, 40);
  fs.writeFileSync(image, head);
  return image;
}

const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)]!;
const chance = (share: number) => Math.random() < share;

function randomTask(images: readonly string[]): { task: WorkerTask; uid: number } {
  const uid = pick(USERS);
  const kill = chance(0.25);
  const common = { base, claims };
  if (chance(values.naive ? 0.5 : 0.7)) {
    const settings = { keyScheme: 'strict', buildTimeout: '30s', lockTimeout: '30s' };
    const task = {
      ...common,
      settings,
      image: pick(images),
      holdMs: chance(0.2) ? 400 : Math.floor(Math.random() * 60),
    };
    if (values.naive) return { task: { ...task, op: 'naiveUse' }, uid };
    return { task: { ...task, op: 'use', ...(kill ? { killAt: pick(USE_STEPS) } : {}) }, uid };
  }
  if (values.naive) return { task: { ...common, op: 'naiveGc' }, uid: IS_ROOT ? 0 : uid };
  const settings = { maxBytes: chance(0.5) ? 1 : '300K', minAge: chance(0.2) ? '1s' : 0 };
  const task = { ...common, settings, ...(kill ? { killAt: pick(GC_STEPS) } : {}) };
  return IS_ROOT && chance(0.4)
    ? { task: { ...task, op: 'gcAll' }, uid: 0 }
    : { task: { ...task, op: 'gc' }, uid };
}

async function run(task: WorkerTask, uid: number): Promise<void> {
  const child = start(task, uid);
  const killer =
    task.op !== 'observe' && !over && chance(values.naive ? 0.25 : 0.1)
      ? setTimeout(() => child.kill('SIGKILL'), 40 + Math.random() * 200)
      : undefined;
  const signal = await new Promise<NodeJS.Signals | null>((resolve) =>
    child.on('close', (_code, by) => resolve(by)),
  );
  clearTimeout(killer);
  children.delete(child);
  if (signal === 'SIGKILL') count.killed++;
}

function start(task: WorkerTask, uid: number): ChildProcess {
  const as = IS_ROOT && uid !== 0 ? { uid, gid: uid } : {};
  const env = { PATH: `${bin}:${process.env.PATH ?? ''}`, HOME: folder };
  const child = spawn(process.execPath, [worker, JSON.stringify(task)], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    ...as,
  });
  children.add(child);
  createInterface({ input: child.stdout }).on('line', (line) => {
    note(JSON.parse(line) as Record<string, unknown>, task);
  });
  return child;
}

function note(event: Record<string, unknown>, task: WorkerTask): void {
  if (event.event === 'held') {
    count.uses++;
    if (event.hit === true) count.hits++;
  } else if (event.event === 'gc') noteCollection(event.report as RootfsGcResult);
  else if (event.event === 'observed') count.rounds = Number(event.rounds);
  else if (event.event === 'violation') fail(JSON.stringify(event));
  else if (event.event === 'error') {
    count.errors++;
    if (!values.naive && !over) fail(`${task.op}: ${JSON.stringify(event)}`);
  }
}

function noteCollection(report: RootfsGcResult): void {
  count.gcs++;
  count.evictions += report.evicted.length;
  count.inUse += report.in_use.length;
  if (!values.naive && !REASONS.includes(report.reason)) fail(`I7: reason ${report.reason}`);
}

function fail(what: string): void {
  count.violations++;
  violations.push(what);
  if (violations.length <= 10) console.log(`VIOLATION ${what}`);
}

/** I4, I5, I8: after all is quiet one collection empties build and trash; after evicting all nothing but locks and records is left. */
async function settle(canary: string): Promise<void> {
  over = true;
  await quiet();
  for (const uid of USERS) await run({ op: 'gc', base, claims }, uid);
  for (const uid of USERS) for (const left of scratchOf(uid)) leftover(left);
  for (const uid of USERS)
    await run({ op: 'gc', base, claims, settings: { maxBytes: 1, foreignMinAge: 0 } }, uid);
  for (const uid of USERS) {
    const user = path.join(base, String(uid));
    if (!fs.existsSync(user)) continue;
    for (const left of fs.readdirSync(user).filter((name) => name !== '.rootfs-cache')) leftover(left);
    for (const left of fs.readdirSync(path.join(user, '.rootfs-cache/meta'))) leftover(left);
  }
  if (fs.readFileSync(canary, 'utf8') !== 'precious') fail('I5: the canary was changed');
}

/** Waits until orphans of the killed are gone: until then an entry may truly be in use. */
async function quiet(): Promise<void> {
  const known = new Set([process.pid, ...[...children].map(({ pid }) => pid)].map(String));
  for (const end = Date.now() + 60_000; Date.now() < end && orphans(known).length > 0;)
    await new Promise((resolve) => setTimeout(resolve, 50));
}

function orphans(known: ReadonlySet<string>): string[] {
  return fs
    .readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && !known.has(pid))
    .filter((pid) => {
      try {
        const words =
          fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8') + fs.readFileSync(`/proc/${pid}/environ`, 'utf8');
        return words.includes(folder);
      } catch {
        return false;
      }
    });
}

function scratchOf(uid: number): string[] {
  return ['build', 'trash'].flatMap((name) => {
    const at = path.join(base, String(uid), '.rootfs-cache', name);
    return fs.existsSync(at) ? fs.readdirSync(at) : [];
  });
}

function leftover(name: string): void {
  count.leftovers++;
  if (!values.naive) fail(`I4: ${name} is left`);
}

async function main(): Promise<void> {
  const images = makeTools();
  const canary = path.join(folder, 'canary');
  fs.writeFileSync(canary, 'precious');
  const until = Date.now() + SECONDS * 1000;
  const observing = run({ op: 'observe', base, claims }, 0);
  const isOver = () => Date.now() > until || (values.naive && count.violations > 0) || violations.length > 50;
  const slot = async () => {
    while (!isOver()) {
      const { task, uid } = randomTask(images);
      await run(task, uid);
    }
  };
  const ticker = setInterval(() => console.log(JSON.stringify(count)), 30_000);
  await Promise.all(Array.from({ length: Number(values.slots) }, slot));
  clearInterval(ticker);
  if (!values.naive) await settle(canary);
  fs.writeFileSync(path.join(claims, 'stop'), '');
  await observing;
  console.table([count]);
  console.log(
    `${USERS.length} users, ${Number(values.slots)} slots, ${SECONDS} s, ${values.naive ? 'naive protocol' : 'our protocol'}`,
  );
  fs.rmSync(folder, { recursive: true, force: true });
  const caught = count.violations > 0;
  process.exitCode = caught === values.naive ? 0 : 1;
}

await main();
