// Runs a command in an acquired tree, read-only, and holds the entry's locks until it is over. Starts of one tree go through
// a few gates, because enroot serialises them and gives up after half a minute. Source: rootfs contract, section 2.6, run.
import fs from 'node:fs';
import { join } from 'node:path';
import { RootfsFailure } from '../../model/rootfs.ts';
import type { AttachedRun } from '../process.ts';
import type { RootfsHandle } from './acquireRootfs.ts';
import { takeLock, type HeldLock } from './lockFiles.ts';
import type { RootfsPorts } from './rootfsPorts.ts';

export interface ExecRequest {
  readonly enroot: string;
  /** Options of `enroot start`; never one that makes the tree writable. */
  readonly options: readonly string[];
  readonly argv: readonly string[];
}

/** Starts of one entry that may be setting up at the same time. */
const GATES = 16;
const GATE_WAIT_SECONDS = 600;
/** A gate is passed when the container has its root, at the latest after this. */
const SETUP_MS = 5000;
const POLL_MS = 20;
const TOUCH_MS = 3600 * 1000;

/** Gives the command's exit status, 128 + n for a signal. Throws E_NO_ENROOT. */
export async function execRootfs(
  handle: RootfsHandle,
  request: ExecRequest,
  runAttached: AttachedRun,
  ports: RootfsPorts,
): Promise<number> {
  const gate = await passGate(handle, ports);
  const touching = setInterval(() => {
    touchQuietly(handle, ports);
  }, TOUCH_MS);
  try {
    const result = await runAttached({
      command: request.enroot,
      args: ['start', ...request.options, '--', handle.name, ...request.argv],
      env: { ...ports.env, ENROOT_DATA_PATH: handle.layout.root, ENROOT_ROOTFS_WRITABLE: 'n' },
      onStart: (pid) => void openGateWhenSetUp(pid, handle.path, gate),
    });
    if (result.startError !== undefined) throw new RootfsFailure('E_NO_ENROOT');
    return result.exitCode ?? 128 + signalNumber(result.signal);
  } finally {
    clearInterval(touching);
    gate.release();
  }
}

async function passGate(handle: RootfsHandle, ports: RootfsPorts): Promise<HeldLock> {
  const first = Math.floor(Math.random() * GATES);
  for (let tried = 0; tried < GATES; tried++) {
    const gate = await takeGate(handle, (first + tried) % GATES, 0, ports);
    if (typeof gate !== 'string') return gate;
  }
  const gate = await takeGate(handle, first, GATE_WAIT_SECONDS, ports);
  if (typeof gate !== 'string') return gate;
  throw new RootfsFailure('E_LOCK_TIMEOUT', {
    name: handle.name,
    seconds: GATE_WAIT_SECONDS,
    holder: 'other starts',
  });
}

function takeGate(handle: RootfsHandle, number: number, wait: number, ports: RootfsPorts) {
  const path = join(handle.layout.locks, `${handle.name}.start${number}`);
  return takeLock({ path, mode: 'exclusive', wait, create: true }, ports);
}

async function openGateWhenSetUp(pid: number, root: string, gate: HeldLock): Promise<void> {
  for (let waited = 0; waited < SETUP_MS && !hasItsRoot(pid, root); waited += POLL_MS)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS).unref());
  gate.release();
}

/** True when the process is gone or lives in the tree already. */
function hasItsRoot(pid: number, root: string): boolean {
  try {
    const tail = root.split('/').slice(-2).join('/');
    const lines = fs.readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n');
    return lines.some((line) => {
      const [, , , source, point] = line.split(' ', 5);
      return point === '/' && source?.endsWith(tail);
    });
  } catch {
    return true;
  }
}

function touchQuietly(handle: RootfsHandle, ports: RootfsPorts): void {
  try {
    handle.touch();
  } catch (error) {
    ports.log.debug(`${handle.name} was not touched: ${(error as Error).message}`);
  }
}

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGTERM: 15,
};

function signalNumber(signal: string | undefined): number {
  return SIGNAL_NUMBERS[signal ?? ''] ?? 9;
}
