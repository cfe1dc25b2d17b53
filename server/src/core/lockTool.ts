// The children that call flock(2) on inherited descriptors: one perl for many, util-linux flock for one, whichever is there.
import type { Ports } from './ports.ts';
import type { ProcessResult } from './process.ts';

type ToolPorts = Pick<Ports, 'run' | 'env'>;

/** `locked`, `busy`, or the system's words for why it cannot be locked. */
export type LockOutcome = string;

// Arguments are descriptor numbers. Prints one line each: "ok", "busy", or the error.
const PERL = `
use Fcntl ':flock';
use Errno qw(EWOULDBLOCK EINTR);
$| = 1;
for my $fd (@ARGV) {
  my $file;
  if (!open($file, '+<&=', $fd) && !open($file, '<&=', $fd)) { print "$!\\n"; next; }
  my $ok;
  do { $ok = flock($file, LOCK_EX | LOCK_NB) } while (!$ok && $! == EINTR);
  print $ok ? "ok\\n" : $! == EWOULDBLOCK ? "busy\\n" : "$!\\n";
}
`;

/** Tries to lock each descriptor without waiting. One answer each, in order. */
export async function tryLockDescriptors(
  descriptors: readonly number[],
  ports: ToolPorts,
): Promise<LockOutcome[]> {
  if (descriptors.length === 0) return [];
  if (descriptors.length > 1) {
    const answers = await tryWithPerl(descriptors, ports);
    if (answers) return answers;
  }
  const outcomes: LockOutcome[] = [];
  for (const fd of descriptors) outcomes.push(await tryOne(fd, ports));
  return outcomes;
}

async function tryOne(fd: number, ports: ToolPorts): Promise<LockOutcome> {
  const result = await runTool('flock', ['-x', '-n', '3'], [fd], ports);
  if (result.startError === undefined) return flockOutcome(result);
  const answers = await tryWithPerl([fd], ports);
  return answers?.[0] ?? 'neither flock nor perl was found';
}

async function tryWithPerl(descriptors: readonly number[], ports: ToolPorts) {
  const numbers = descriptors.map((_fd, index) => String(index + 3));
  const result = await runTool('perl', ['-e', PERL, '--', ...numbers], descriptors, ports);
  const lines = result.stdout.split('\n').slice(0, -1);
  if (result.exitCode !== 0 || lines.length !== descriptors.length) return undefined;
  return lines.map((line) => (line === 'ok' ? 'locked' : line));
}

/** Waits for one lock in the kernel, so that it is had the moment it is free. Throws the signal's reason when cancelled. */
export async function waitForDescriptor(
  fd: number,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  ports: ToolPorts,
): Promise<LockOutcome> {
  const limit = AbortSignal.timeout(Math.max(0, Math.ceil(timeoutMs)));
  const either = signal ? AbortSignal.any([signal, limit]) : limit;
  try {
    const result = await runTool('flock', ['-x', '3'], [fd], ports, either);
    if (result.startError !== undefined) return await pollDescriptor(fd, either, ports);
    return flockOutcome(result);
  } catch (error) {
    signal?.throwIfAborted();
    if (limit.aborted) return 'busy';
    throw error;
  }
}

const POLL_MS = 250;

// Without util-linux: perl's tries, spaced out because each is a process.
async function pollDescriptor(fd: number, signal: AbortSignal, ports: ToolPorts): Promise<LockOutcome> {
  for (;;) {
    signal.throwIfAborted();
    const outcome = await tryOne(fd, ports);
    if (outcome !== 'busy') return outcome;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
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
  ports: ToolPorts,
  signal?: AbortSignal,
): Promise<ProcessResult> {
  const env = { PATH: ports.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C' };
  return ports.run({ command, args, env, descriptors, ...(signal ? { signal } : {}) });
}
