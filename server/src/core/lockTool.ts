// Who calls flock(2) for us: the lasting child where it can be had, else a child that inherits the descriptors. Either way the
// lock is in our open file and ends with its last descriptor.
import { plainEnvironment } from './plainEnvironment.ts';
import { lockWord, LOCK_SCRIPT, type DescriptorLock, type LockOutcome } from './lockChild.ts';
import type { Ports } from './ports.ts';
import type { ProcessResult } from './process.ts';

/** What locking descriptors needs. */
export type LockToolPorts = Pick<Ports, 'run' | 'env' | 'lockChildren'>;

/** Tries to lock each descriptor without waiting. One answer each, in order. Never throws for what the system says. */
export async function tryLockDescriptors(
  locks: readonly DescriptorLock[],
  ports: LockToolPorts,
): Promise<LockOutcome[]> {
  if (locks.length === 0) return [];
  const answers = await ports.lockChildren.of(ports.run, ports.env).tryAll(locks);
  return answers ?? (await tryByInheriting(locks, ports));
}

async function tryByInheriting(
  locks: readonly DescriptorLock[],
  ports: LockToolPorts,
): Promise<LockOutcome[]> {
  const answers = locks.length > 1 ? await tryWithPerl(locks, ports) : undefined;
  if (answers) return answers;
  const outcomes: LockOutcome[] = [];
  for (const lock of locks) outcomes.push(await tryOne(lock, ports));
  return outcomes;
}

async function tryOne(lock: DescriptorLock, ports: LockToolPorts): Promise<LockOutcome> {
  const result = await runTool('flock', [flagOf(lock), '-n', '3'], [lock.fd], ports);
  if (result.startError === undefined) return flockOutcome(result);
  const answers = await tryWithPerl([lock], ports);
  return answers?.[0] ?? 'neither flock nor perl was found';
}

async function tryWithPerl(locks: readonly DescriptorLock[], ports: LockToolPorts) {
  const words = locks.map(({ mode }, index) => lockWord({ fd: index + 3, mode }));
  const descriptors = locks.map(({ fd }) => fd);
  const result = await runTool('perl', ['-e', LOCK_SCRIPT, '--', '0', ...words], descriptors, ports);
  const outcomes = result.stdout.replace(/\n$/, '').split('\t');
  return result.exitCode === 0 && outcomes.length === locks.length ? outcomes : undefined;
}

/** How long short waits are polled for; what takes longer is waited for in the kernel. */
const QUICK_MS = 400;
const QUICK_PAUSE_MS = 10;

/** Waits for one lock. `busy` after the timeout. Throws the signal's reason when cancelled. */
export async function waitForDescriptor(
  lock: DescriptorLock,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  ports: LockToolPorts,
): Promise<LockOutcome> {
  const limit = AbortSignal.timeout(Math.max(0, Math.ceil(timeoutMs)));
  const either = signal ? AbortSignal.any([signal, limit]) : limit;
  try {
    const quick = await pollQuickly(lock, either, ports);
    if (quick !== 'busy') return quick;
    // flock(1) waits in the kernel: it costs nothing meanwhile, and has the lock the moment it is free.
    const result = await runTool('flock', [flagOf(lock), '3'], [lock.fd], ports, either);
    if (result.startError !== undefined) return await pollDescriptor(lock, either, ports);
    return flockOutcome(result);
  } catch (error) {
    signal?.throwIfAborted();
    if (limit.aborted) return 'busy';
    throw error;
  }
}

/** Only the lasting child makes tries cheap enough. */
async function pollQuickly(
  lock: DescriptorLock,
  signal: AbortSignal,
  ports: LockToolPorts,
): Promise<LockOutcome> {
  const child = ports.lockChildren.of(ports.run, ports.env);
  const until = performance.now() + QUICK_MS;
  while (performance.now() < until) {
    signal.throwIfAborted();
    const [outcome = 'busy'] = (await child.tryAll([lock])) ?? [];
    if (outcome !== 'busy') return outcome;
    if (!child.isUp()) return 'busy';
    await pause(QUICK_PAUSE_MS);
  }
  return 'busy';
}

const SLOW_PAUSE_MS = 250;

// Without util-linux: perl's tries, spaced out because each is a process.
async function pollDescriptor(
  lock: DescriptorLock,
  signal: AbortSignal,
  ports: LockToolPorts,
): Promise<LockOutcome> {
  for (;;) {
    signal.throwIfAborted();
    const [outcome = 'busy'] = await tryLockDescriptors([lock], ports);
    if (outcome !== 'busy') return outcome;
    await pause(SLOW_PAUSE_MS);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function flagOf({ mode }: DescriptorLock): string {
  return mode === 'shared' ? '-s' : '-x';
}

function flockOutcome(result: ProcessResult): LockOutcome {
  if (result.exitCode === 0) return 'locked';
  if (result.exitCode === 1) return 'busy';
  const words = result.stderr.trim().split('\n').at(-1) ?? '';
  return (
    words.replace(/^flock: (\S+: )?/, '') || `flock ended with ${result.exitCode ?? result.signal ?? '?'}`
  );
}

// LC_ALL=C: the words end up in messages next to our own.
function runTool(
  command: string,
  args: readonly string[],
  descriptors: readonly number[],
  ports: LockToolPorts,
  signal?: AbortSignal,
): Promise<ProcessResult> {
  const env = plainEnvironment(ports.env);
  return ports.run({ command, args, env, descriptors, ...(signal ? { signal } : {}) });
}
