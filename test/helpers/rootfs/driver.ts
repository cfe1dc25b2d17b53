// One operation of the rootfs cache as a process of its own, so that tests can kill it at any step. Reads its task as JSON from
// its first argument and writes one JSON line per event. Bundled by build.ts; also plays the part of `as-user`.
import { readFileSync } from 'node:fs';
import { writeSync, existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { acquireRootfs } from '../../../server/src/core/rootfs/acquireRootfs.ts';
import { collectGarbage } from '../../../server/src/core/rootfs/collectGarbage.ts';
import {
  becomeUser,
  coordinateGc,
  runUserTask,
  type UserTask,
} from '../../../server/src/core/rootfs/coordinateGc.ts';
import { rootfsPorts, type RootfsPorts } from '../../../server/src/core/rootfs/rootfsPorts.ts';
import { readRootfsSettings } from '../../../server/src/core/rootfs/settings.ts';
import { realPorts } from '../../../server/src/core/ports.ts';
import { OperationFailure } from '../../../server/src/model/failure.ts';
import { RootfsFailure } from '../../../server/src/model/rootfs.ts';

export interface DriverTask {
  op: 'acquire' | 'gc' | 'gcAll';
  base: string;
  image?: string;
  /** Settings as in the editor. */
  settings?: Record<string, unknown>;
  /** The process kills itself with SIGKILL when it reaches this step … */
  killAt?: string;
  /** … for the n-th time. */
  killCount?: number;
  /** The step waits until this file exists. */
  pauseAt?: string;
  pauseUntil?: string;
  /** How long an acquired entry is held; absent: until standard input ends. */
  holdMs?: number;
  useForecast?: boolean;
}

const say = (event: object) => writeSync(1, `${JSON.stringify(event)}\n`);
const silent = () => undefined;

function portsFor(task: Partial<DriverTask>): RootfsPorts {
  let left = task.killCount ?? 1;
  const log = { debug: silent, info: silent, warn: silent, error: silent };
  const uid = process.geteuid?.() ?? -1;
  return {
    ...rootfsPorts(realPorts(log, process.env), { uid, host: hostname(), version: 'test' }),
    onStep: async (step) => {
      if (step === task.killAt && --left === 0) process.kill(process.pid, 'SIGKILL');
      if (step !== task.pauseAt) return;
      say({ event: 'paused', step });
      while (!existsSync(task.pauseUntil ?? '/')) await new Promise((resolve) => setTimeout(resolve, 5));
    },
  };
}

async function main(): Promise<void> {
  if (process.argv[3] === 'as-user') {
    const task = JSON.parse(readFileSync('/proc/self/fd/3', 'utf8')) as UserTask;
    becomeUser(task.uid, task.gid);
    say(await runUserTask(task, portsFor({})));
    return;
  }
  const task = JSON.parse(process.argv[2] ?? '{}') as DriverTask;
  const ports = portsFor(task);
  const { settings } = readRootfsSettings({
    base: task.base,
    syncOnPublish: false,
    nice: 0,
    ...task.settings,
  });
  const request = { settings, base: task.base };
  const self = { command: process.execPath, args: [process.argv[1] ?? ''] };
  if (task.op === 'gc') return void say({ event: 'gc', report: await collectGarbage(request, {}, ports) });
  if (task.op === 'gcAll')
    return void say({ event: 'gc', report: await coordinateGc(request, { self }, ports) });
  const handle = await acquireRootfs(
    task.image ?? '',
    {
      settings,
      cwd: process.cwd(),
      ...(task.useForecast === undefined ? {} : { useForecast: task.useForecast }),
      collect: (incoming, exclude) =>
        collectGarbage({ ...request, incoming, exclude: [exclude] }, { wait: 10 }, ports),
    },
    ports,
  );
  say({ event: 'held', name: handle.name, path: handle.path, hit: handle.hit, createMs: handle.createMs });
  await (task.holdMs === undefined
    ? endOfInput()
    : new Promise((resolve) => setTimeout(resolve, task.holdMs)));
  handle.release();
  say({ event: 'released', name: handle.name });
}

function endOfInput(): Promise<void> {
  return new Promise((resolve) => {
    process.stdin.resume();
    process.stdin.on('end', resolve);
    process.stdin.on('error', () => {
      resolve();
    });
  });
}

main().catch((error: unknown) => {
  const code =
    error instanceof RootfsFailure
      ? error.rootfsCode
      : error instanceof OperationFailure
        ? error.code
        : 'BUG';
  say({
    event: 'error',
    code,
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
  process.exitCode = 1;
});
