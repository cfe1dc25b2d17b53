// Half of a big scan by root, in a process of its own: root may become another user only for a whole process, and two processes
// are done in little more than half the time. Each turns what it finds into what the caller wants at once; the helper's half
// comes back as lines. Users that a helper did not finish are looked at here. Source: rootfs contract, section 2.4.7.
import fs from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { plainEnvironment } from '../plainEnvironment.ts';
import { handOver } from './handOver.ts';
import type { RootfsPorts } from './rootfsPorts.ts';
import { scanBase, scanInSlices, userDirectories, type ScanRequest } from './scanRootfs.ts';
import type { ScanStep } from './scanUser.ts';

/** What a caller wants of each step. `line` and `parse` carry it between processes: one line, without its end. */
export interface Digest<T> {
  /** Names it to the helper. */
  readonly kind: DigestKind;
  readonly of: (step: ScanStep) => T;
  readonly line: (value: T) => string;
  readonly parse: (line: string, uid: number) => T;
}

export type DigestKind = 'entry' | 'json' | 'row' | 'candidate';

/** What a helper is given. */
export interface ScanTask {
  readonly kind: DigestKind;
  readonly request: ScanRequest;
  /** Milliseconds since the epoch, the same for both halves. */
  readonly nowMs: number;
}

/** Fewer users than this are looked at before a helper has begun. */
const WORTH_USERS = 100;

/** Scans, with a helper where that is faster or the only way. Throws the signal's reason. */
export async function scanTogether<T>(
  task: Omit<ScanTask, 'kind'>,
  digest: Digest<T>,
  take: (value: T) => void,
  ports: RootfsPorts,
  signal?: AbortSignal,
): Promise<void> {
  const { request } = task;
  const uids = request.uids ?? userDirectories(request.base);
  const shared = ports.self === undefined ? 0 : helpersShare(uids, ports);
  const own = uids.slice(0, uids.length - shared);
  const here = (part: readonly number[]) =>
    scanInSlices({ ...request, uids: part }, (step) => take(digest.of(step)), signal);
  if (shared === 0) {
    await here(own);
    return;
  }
  const stop = new AbortController();
  const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const theirs = { ...task, request: { ...request, uids: uids.slice(own.length) } };
  const helped = scanByHelper(theirs, digest, take, ports, either);
  helped.catch(() => undefined);
  try {
    await here(own);
    await here(await helped);
  } finally {
    stop.abort();
  }
}

/** How many of the users a helper looks at: none where it would only compete for the same processor. In a thread nobody can become another user: all of them. */
function helpersShare(uids: readonly number[], ports: RootfsPorts): number {
  if (ports.uid !== 0 || uids.every((uid) => uid === 0)) return 0;
  if (!isMainThread) return uids.length;
  return uids.length < WORTH_USERS || ports.isBusy?.() ? 0 : Math.floor(uids.length / 2);
}

/** Gives users that are left to do because the helper failed. Throws the signal's reason. */
async function scanByHelper<T>(
  task: Omit<ScanTask, 'kind'>,
  digest: Digest<T>,
  take: (value: T) => void,
  ports: RootfsPorts,
  signal: AbortSignal,
): Promise<number[]> {
  const { command = '', args = [] } = ports.self ?? {};
  const left = new Set(task.request.uids);
  const receive = createReceiver(left, digest, take);
  const fd = handOver(JSON.stringify({ ...task, kind: digest.kind } satisfies ScanTask));
  try {
    const { exitCode, stderr } = await ports.run({
      command,
      // Each change of rights is told to every thread: few of them make it cheap.
      args: ['--v8-pool-size=1', ...args, 'rootfs', 'scan-part'],
      env: { ...plainEnvironment(ports.env), HOME: '/' },
      descriptors: [fd],
      keepStdout: 'tail',
      onLine: (line, stream) => {
        if (stream === 'stdout') receive(line);
      },
      signal,
    });
    if (left.size > 0) ports.log.debug(`the scan helper ended with ${exitCode ?? '?'}: ${stderr}`);
    return [...left];
  } finally {
    fs.closeSync(fd);
  }
}

/** Lines are `uid value`, and `uid` when a user is done: only then it counts. After a broken line nothing is believed. */
function createReceiver<T>(
  left: Set<number>,
  digest: Digest<T>,
  take: (value: T) => void,
): (line: string) => void {
  let pending: T[] = [];
  let broken = false;
  const receive = (line: string) => {
    const space = line.indexOf(' ');
    const uid = Number(space < 0 ? line : line.slice(0, space));
    if (!left.has(uid)) throw new Error('a line of nobody asked for');
    if (space >= 0) {
      pending.push(digest.parse(line.slice(space + 1), uid));
      return;
    }
    left.delete(uid);
    for (const value of pending) take(value);
    pending = [];
  };
  return (line) => {
    if (broken) return;
    try {
      receive(line);
    } catch {
      broken = true;
    }
  };
}

/** Lines written at once. */
const PIECE = 65_536;
/** Longer lines would come in pieces. */
const MOST_LINE = 12_000;

/** The helper's side. Throws for what does not fit a line: its user is then looked at by whoever asked. */
export async function sendScan<T>(
  { request }: ScanTask,
  digest: Digest<T>,
  write: (text: string) => Promise<void>,
): Promise<void> {
  const uids = request.uids ?? [];
  let text = '';
  let done = 0;
  const endUsersBefore = (uid: number | undefined) => {
    for (; done < uids.length && uids[done] !== uid; done++) text += `${uids[done] ?? ''}\n`;
  };
  for (const steps of scanBase(request)) {
    for (const step of steps) {
      const uid = step.kind === 'notVisible' ? step.uid : step.layout.uid;
      endUsersBefore(uid);
      const line = digest.line(digest.of(step));
      if (line.length > MOST_LINE || /[\r\n]/.test(line)) throw new Error(`an entry of ${uid} fits no line`);
      text += `${uid} ${line}\n`;
    }
    if (text.length < PIECE) continue;
    await write(text);
    text = '';
  }
  endUsersBefore(undefined);
  await write(text);
}
