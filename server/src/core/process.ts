// The only file that starts processes. Each runs in a group of its own, so that cancelling reaches the last grandchild.
import { spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { sendBehind } from './goBehind.ts';
import { collectOutput } from './processOutput.ts';

export interface ProcessRequest {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** The complete environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  /** Descriptors inherited as 3, 4, …, for tools that lock them. */
  readonly descriptors?: readonly number[];
  /** The whole standard input; none when absent. */
  readonly input?: string;
  /** Called for every line of stdout or stderr, without its line end; very long lines come in pieces. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** `whole` (up to 64 MiB, the default) or `tail`: the last 64 KiB, for chatty tools. */
  readonly keepStdout?: 'whole' | 'tail';
  /** Ends the process also when this program is killed. */
  readonly guard?: ProcessGuard;
  /** Nobody waits for it: it gives way to everything else on the machine. */
  readonly behind?: boolean;
  /** Makes it a servant that reads what we write: called at once with its input. It ends when that ends, at the latest with us. */
  readonly onInput?: (input: ProcessInput) => void;
}

/** The input of a running servant. */
export interface ProcessInput {
  readonly write: (text: string) => void;
  readonly end: () => void;
  /** Keeps this program going until `letGo`: an answer is awaited. At first it is let go. */
  readonly hold: () => void;
  readonly letGo: () => void;
}

export interface ProcessResult {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** Set when the program could not be started at all (ENOENT, EACCES). */
  readonly startError: string | undefined;
  readonly stdout: string;
  /** The last 64 KiB. */
  readonly stderr: string;
  /** Group whose members outlived the program, if any: hand it to endGroup when they are not wanted any more. */
  readonly strays: number | undefined;
}

/** Runs a program to its end. Never throws for exit codes; throws the signal's reason when cancelled. */
export type ProcessRun = (request: ProcessRequest) => Promise<ProcessResult>;

/** Time between TERM and KILL. */
const GRACE_MS = 2000;
const POLL_MS = 20;
/** How long output is still awaited once every process is gone. */
const DRAIN_MS = 500;
const WHOLE_LIMIT = 64 * 1024 * 1024;
const TAIL_LIMIT = 64 * 1024;

/** How a process ended, or why it never began. */
type Ending = Pick<ProcessResult, 'exitCode' | 'signal' | 'startError'>;

/** The real ProcessRun. A cancelled run returns only when no process of its group is left. */
export const runProcess: ProcessRun = async (request) => {
  request.signal?.throwIfAborted();
  if (request.onInput) return await runServant(request, request.onInput);
  const stdin = request.input === undefined ? 'ignore' : 'pipe';
  const { child, ending } = start(request, [stdin, 'pipe', 'pipe', ...(request.descriptors ?? [])]);
  if (request.input !== undefined) feed(child?.stdin, request.input);
  const pid = child?.pid;
  const stdoutLimit = request.keepStdout === 'tail' ? TAIL_LIMIT : WHOLE_LIMIT;
  const stdout = collect(child?.stdout, stdoutLimit, (line) => request.onLine?.(line, 'stdout'));
  const stderr = collect(child?.stderr, TAIL_LIMIT, (line) => request.onLine?.(line, 'stderr'));
  const cancel = cancellation(child, request.signal);
  try {
    const ended = await Promise.race([ending, cancel.ended]);
    if (request.signal?.aborted) {
      await cancel.ended;
      request.signal.throwIfAborted();
    }
    const strays = pid !== undefined && groupIsAlive(pid) ? pid : undefined;
    return { ...(ended ?? NO_ENDING), stdout: stdout(), stderr: stderr(), strays };
  } finally {
    cancel.dispose();
    if (pid !== undefined && !groupIsAlive(pid)) request.guard?.remove(pid);
  }
};

// A program may end before it has read everything: its own business.
function feed(stdin: Writable | null | undefined, text: string): void {
  stdin?.on('error', () => undefined);
  stdin?.end(text);
}

const NO_ENDING: Ending = { exitCode: undefined, signal: undefined, startError: undefined };

interface StartedProcess {
  readonly child: ChildProcess | undefined;
  readonly ending: Promise<Ending>;
}

/**
 * Starts a program in a group of its own, by Node alone: execa takes longer than many a program, and 15 ms to load. What keeps it
 * from starting is its ending, never thrown.
 */
function start(
  request: ProcessRequest,
  stdio: StdioOptions,
  cwd = request.cwd ?? workingDirectory(),
): StartedProcess {
  try {
    const child = spawn(request.command, request.args, { cwd, env: request.env, detached: true, stdio });
    if (child.pid !== undefined) request.guard?.add(child.pid);
    if (child.pid !== undefined && request.behind) sendBehind(child.pid);
    return { child, ending: endingOf(child) };
  } catch (error) {
    return { child: undefined, ending: Promise.resolve(notStarted(error)) };
  }
}

function endingOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(notStarted(error)));
    child.once('close', (exitCode, signal) =>
      resolve({ exitCode: exitCode ?? undefined, signal: signal ?? undefined, startError: undefined }),
    );
  });
}

// Also of arguments that are too long or hold a zero byte, which is thrown.
function notStarted(error: unknown): Ending {
  return { ...NO_ENDING, startError: (error as NodeJS.ErrnoException).code ?? 'UNKNOWN' };
}

// Without descriptors left there are no pipes, whatever the types say.
function collect(
  stream: Readable | null | undefined,
  limit: number,
  onLine: (line: string) => void,
): () => string {
  return stream ? collectOutput(stream, limit, onLine) : () => '';
}

async function runServant(
  request: ProcessRequest,
  onInput: (input: ProcessInput) => void,
): Promise<ProcessResult> {
  const { child, ending } = start(request, ['pipe', 'pipe', 'ignore'], '/');
  collect(child?.stdout, 0, (line) => request.onLine?.(line, 'stdout'));
  if (child?.stdin && child.stdout) onInput(inputOf(child, child.stdin, child.stdout));
  return { ...(await ending), stdout: '', stderr: '', strays: undefined };
}

function inputOf(child: ChildProcess, stdin: Writable, stdout: Readable): ProcessInput {
  // Its death is told by its end; what could not be written to it is of no interest then.
  stdin.on('error', () => undefined);
  const ofChild = ([child, stdin, stdout] as object[]).filter(isHandle);
  const letGo = () => {
    for (const one of ofChild) one.unref();
  };
  letGo();
  return {
    write: (text) => void stdin.write(text),
    end: () => void stdin.end(),
    hold: () => {
      for (const one of ofChild) one.ref();
    },
    letGo,
  };
}

interface Handle {
  ref(): void;
  unref(): void;
}

// Pipes of children are sockets, which their types do not tell.
function isHandle(one: object): one is Handle {
  return 'unref' in one && 'ref' in one;
}

// A working directory that was deleted is no reason not to start a program whose paths are absolute.
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return '/';
  }
}

// On abort: end the group, then wait a little for the last output; a process that left the group may hold the pipes for ever.
function cancellation(child: ChildProcess | undefined, signal: AbortSignal | undefined) {
  let settle: () => void = () => undefined;
  const ended = new Promise<undefined>((resolve) => {
    settle = () => resolve(undefined);
  });
  const stop = () => void endGroup(child?.pid).then(() => setTimeout(settle, DRAIN_MS).unref());
  const finish = () => {
    if (signal?.aborted) void endGroup(child?.pid).then(settle);
  };
  signal?.addEventListener('abort', stop, { once: true });
  child?.on('close', finish);
  const dispose = () => {
    signal?.removeEventListener('abort', stop);
    if (!signal?.aborted) return;
    child?.stdout?.destroy();
    child?.stderr?.destroy();
  };
  return { ended, dispose };
}

/** Ends every process of a group: TERM, and KILL after a grace of two seconds. Resolves when none is left. */
export async function endGroup(pid: number | undefined): Promise<void> {
  if (pid === undefined || !sendToGroup(pid, 'SIGTERM')) return;
  if (await groupEnds(pid, GRACE_MS)) return;
  sendToGroup(pid, 'SIGKILL');
  await groupEnds(pid, GRACE_MS);
}

async function groupEnds(pid: number, withinMs: number): Promise<boolean> {
  const until = Date.now() + withinMs;
  for (let pause = POLL_MS; Date.now() < until; pause = Math.min(2 * pause, 10 * POLL_MS)) {
    if (!groupIsAlive(pid) || onlyZombiesIn(pid)) return true;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return false;
}

function groupIsAlive(pid: number): boolean {
  return sendToGroup(pid, 0);
}

// Orphans that ended stay as zombies until init takes them, which in containers may be late or never.
function onlyZombiesIn(group: number): boolean {
  try {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return pids.every((pid) => !isRunningIn(group, pid));
  } catch {
    return false;
  }
}

function isRunningIn(group: number, pid: string): boolean {
  try {
    // "PID (any name) STATE PPID PGRP …"
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return fields[2] === String(group) && fields[0] !== 'Z' && fields[0] !== 'X';
  } catch {
    return false;
  }
}

function sendToGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Ends the groups it was told of when this program dies in any way, kill -9 included. */
export interface ProcessGuard {
  readonly add: (group: number) => void;
  readonly remove: (group: number) => void;
  /** Lets the watching process go. Groups still known are left alone. */
  readonly dispose: () => void;
}

// Reads "+ GROUP" and "- GROUP" from a pipe that only we hold; its end means that we are gone. No text of anybody's is put in here.
const WATCH = `
groups=' '
while read -r op group; do
  case $op in
    +) groups="$groups$group " ;;
    -) groups="\${groups%% $group *} \${groups#* $group }" ;;
    .) exit 0 ;;
  esac
done
for group in $groups; do kill -TERM "-$group"; done 2>/dev/null
[ "$groups" = ' ' ] || sleep 2
for group in $groups; do kill -KILL "-$group"; done 2>/dev/null
`;

/** Starts the watching process (a shell in a session of its own, about 1 ms). One that somebody kills is started again. */
export function startGuard(): ProcessGuard {
  const known = new Set<number>();
  let isDisposed = false;
  let restarts = 0;
  let input = watch();
  const say = (line: string) => void input.write(`${line}\n`);
  function watch(): Writable {
    const watcher = spawn('/bin/sh', ['-c', WATCH], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    watcher.on('error', () => undefined);
    watcher.on('exit', () => {
      if (isDisposed || restarts >= MOST_RESTARTS) return;
      restarts += 1;
      input = watch();
      for (const group of known) say(`+ ${group}`);
    });
    watcher.unref();
    watcher.stdin.on('error', () => undefined);
    return watcher.stdin;
  }
  return {
    add: (group) => {
      known.add(group);
      say(`+ ${group}`);
    },
    remove: (group) => {
      if (known.delete(group)) say(`- ${group}`);
    },
    dispose: () => {
      isDisposed = true;
      say('.');
      input.end();
    },
  };
}

/** Where it cannot live, a program goes on without it. */
const MOST_RESTARTS = 5;

export interface AttachedRequest {
  readonly command: string;
  readonly args: readonly string[];
  /** The complete environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Descriptors inherited as 3, 4, …. */
  readonly descriptors?: readonly number[];
  readonly onStart?: (pid: number) => void;
}

/** Runs a program as a shell would: our terminal, our group; signals that we get are passed on, and it alone decides when to end. */
export type AttachedRun = (
  request: AttachedRequest,
) => Promise<Pick<ProcessResult, 'exitCode' | 'signal' | 'startError'>>;

/** A terminal sends these to the whole group by itself. */
const TERMINAL_SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];
const PASSED_ON: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGUSR2', ...TERMINAL_SIGNALS];

/** The real AttachedRun. */
export const runAttached: AttachedRun = async (request) => {
  const { child, ending } = await startAttached(request);
  if (child.pid !== undefined) request.onStart?.(child.pid);
  const passOn = (signal: NodeJS.Signals) => {
    if (!process.stdin.isTTY || !TERMINAL_SIGNALS.includes(signal)) child.kill(signal);
  };
  for (const signal of PASSED_ON) process.on(signal, passOn);
  try {
    return await ending;
  } finally {
    for (const signal of PASSED_ON) process.off(signal, passOn);
  }
};

/** Its environment, cleaning up and errors as values: ours are stricter. */
const ATTACHED_OPTIONS = { extendEnv: false, reject: false, buffer: false, cleanup: false } as const;

interface AttachedResult {
  readonly failed: boolean;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly code?: string | undefined;
}

function endingOfAttached({ failed, exitCode, signal, code }: AttachedResult): Ending {
  const hasRun = exitCode !== undefined || signal !== undefined;
  return { exitCode, signal, startError: failed && !hasRun ? (code ?? 'UNKNOWN') : undefined };
}

async function startAttached({ command, args, env, descriptors = [] }: AttachedRequest) {
  const { execa } = await import('execa');
  const stdio = ['inherit', 'inherit', 'inherit', ...descriptors] as ['inherit', 'inherit', 'inherit'];
  const child = execa(command, args, { ...ATTACHED_OPTIONS, env: env as Record<string, string>, stdio });
  return { child, ending: child.then(endingOfAttached) };
}

/** Output of a program that only tells about itself, for callers that cannot wait; undefined when it cannot be run. At most 5 s. */
export function askProgram(
  command: string,
  args: readonly string[],
  env: ProcessRequest['env'],
): string | undefined {
  const stdio: StdioOptions = ['ignore', 'pipe', 'ignore'];
  const { stdout, status } = spawnSync(command, args, { env, stdio, encoding: 'utf8', timeout: 5000 });
  return status === 0 ? stdout.replace(/\r?\n$/, '') : undefined;
}
