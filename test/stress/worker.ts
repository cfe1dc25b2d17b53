// One use or one collection as a process that may be killed at any moment, by the real protocol or by a model of the naive one.
// A use writes a claim while it holds an entry and looks at every file of the tree, first and last.
import fs from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { acquireRootfs } from '../../server/src/core/rootfs/acquireRootfs.ts';
import { collectGarbage } from '../../server/src/core/rootfs/collectGarbage.ts';
import {
  becomeUser,
  coordinateGc,
  runUserTask,
  type UserTask,
} from '../../server/src/core/rootfs/coordinateGc.ts';
import { rootfsPorts, type RootfsPorts } from '../../server/src/core/rootfs/rootfsPorts.ts';
import { readRootfsSettings } from '../../server/src/core/rootfs/settings.ts';
import { realPorts } from '../../server/src/core/ports.ts';
import { RootfsFailure } from '../../server/src/model/rootfs.ts';
import { observe, startOf } from './observer.ts';
import { naiveAcquire, naiveCollect } from './naive.ts';
import { problemOf } from './tree.ts';

export interface WorkerTask {
  op: 'use' | 'gc' | 'gcAll' | 'naiveUse' | 'naiveGc' | 'observe';
  base: string;
  claims: string;
  image?: string;
  holdMs?: number;
  killAt?: string;
  settings?: Record<string, unknown>;
}

const say = (event: object) => fs.writeSync(1, `${JSON.stringify(event)}\n`);
const silent = () => undefined;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function portsFor(killAt?: string): RootfsPorts {
  const log = { debug: silent, info: silent, warn: silent, error: silent };
  const uid = process.geteuid?.() ?? -1;
  return {
    ...rootfsPorts(realPorts(log, process.env), { uid, host: hostname(), version: 'stress' }),
    onStep: (step) => {
      if (step === killAt) process.kill(process.pid, 'SIGKILL');
    },
  };
}

async function hold(task: WorkerTask, entry: { name: string; path: string; hit: boolean }): Promise<void> {
  const claim = path.join(task.claims, `${process.pid}.json`);
  const image = path.basename(task.image ?? '');
  const check = (when: string) => {
    const problem = problemOf(entry.path, image);
    if (problem) say({ event: 'violation', rule: 'I1', when, problem, path: entry.path });
  };
  check('first');
  fs.writeFileSync(`${claim}.tmp`, JSON.stringify({ path: entry.path, image, started: startOf('self') }));
  fs.renameSync(`${claim}.tmp`, claim);
  say({ event: 'held', hit: entry.hit });
  await sleep(task.holdMs ?? 0);
  check('last');
  fs.rmSync(claim);
}

async function use(task: WorkerTask): Promise<void> {
  const ports = portsFor(task.killAt);
  const { settings } = readRootfsSettings({
    base: task.base,
    syncOnPublish: false,
    nice: 0,
    ...task.settings,
  });
  const handle = await acquireRootfs(
    task.image ?? '',
    {
      settings,
      cwd: '/',
      collect: (incoming, exclude) =>
        collectGarbage({ settings, base: task.base, incoming, exclude: [exclude] }, { wait: 10 }, ports),
    },
    ports,
  );
  await hold(task, handle);
  handle.release();
}

async function main(): Promise<void> {
  if (process.argv[3] === 'as-user') {
    const task = JSON.parse(fs.readFileSync('/proc/self/fd/3', 'utf8')) as UserTask;
    becomeUser(task.uid, task.gid);
    say(await runUserTask(task, portsFor()));
    return;
  }
  const task = JSON.parse(process.argv[2] ?? '{}') as WorkerTask;
  const { settings } = readRootfsSettings({ base: task.base, minAge: 0, ...task.settings });
  const request = { settings, base: task.base };
  const self = { command: process.execPath, args: [process.argv[1] ?? ''] };
  switch (task.op) {
    case 'use':
      return use(task);
    case 'gc':
      return void say({ event: 'gc', report: await collectGarbage(request, {}, portsFor(task.killAt)) });
    case 'gcAll':
      return void say({ event: 'gc', report: await coordinateGc(request, { self }, portsFor(task.killAt)) });
    case 'naiveUse':
      return hold(task, await naiveAcquire(task.base, task.image ?? ''));
    case 'naiveGc':
      return void say({ event: 'gc', report: { evicted: await naiveCollect(task.base), in_use: [] } });
    case 'observe':
      return observe(task.base, task.claims, say);
  }
}

main().catch((error: unknown) => {
  const code = error instanceof RootfsFailure ? error.rootfsCode : 'BUG';
  say({
    event: 'error',
    code,
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
  process.exitCode = 1;
});
