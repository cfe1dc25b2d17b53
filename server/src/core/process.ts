// The only file that starts processes. Each runs in a group of its own, so that cancelling reaches the last grandchild.
import { execa } from 'execa';

export interface ProcessRequest {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** The complete environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  /** Descriptors inherited as 3, 4, …, for tools that lock them. */
  readonly descriptors?: readonly number[];
  /** Called for every line of stdout or stderr, without its line end. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
}

export interface ProcessResult {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** Set when the program could not be started at all (ENOENT, EACCES). */
  readonly startError: string | undefined;
  readonly stdout: string;
  /** The last 64 KiB. */
  readonly stderr: string;
}

/** Runs a program to its end. Never throws for exit codes; throws the signal's reason when cancelled. */
export type ProcessRun = (request: ProcessRequest) => Promise<ProcessResult>;

const GRACE_MS = 2000;
const TAIL = 64 * 1024;

export const runProcess: ProcessRun = async (request) => {
  request.signal?.throwIfAborted();
  const child = execa(request.command, request.args, {
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
    env: request.env as Record<string, string>,
    extendEnv: false,
    detached: true,
    reject: false,
    buffer: false,
    stdio: ['ignore', 'pipe', 'pipe', ...(request.descriptors ?? [])] as ['ignore', 'pipe', 'pipe'],
  });
  const stdout = collect(child.stdout, 'stdout', request.onLine);
  const stderr = collect(child.stderr, 'stderr', request.onLine);
  const stop = () => killGroup(child.pid);
  request.signal?.addEventListener('abort', stop, { once: true });
  try {
    const result = await child;
    request.signal?.throwIfAborted();
    return {
      exitCode: result.exitCode,
      signal: result.signal,
      startError:
        result.failed && result.exitCode === undefined && result.signal === undefined
          ? result.code
          : undefined,
      stdout: stdout(),
      stderr: stderr(),
    };
  } finally {
    request.signal?.removeEventListener('abort', stop);
  }
};

function collect(
  stream: NodeJS.ReadableStream,
  name: 'stdout' | 'stderr',
  onLine: ProcessRequest['onLine'],
): () => string {
  let text = '';
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text = (text + chunk).slice(-TAIL);
    const lines = (rest + chunk).split(/\r?\n|\r/);
    rest = lines.pop() ?? '';
    for (const line of lines) onLine?.(line, name);
  });
  stream.on('end', () => {
    if (rest) onLine?.(rest, name);
  });
  return () => text;
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  const send = (signal: NodeJS.Signals) => {
    try {
      process.kill(-pid, signal);
      return true;
    } catch {
      return false;
    }
  };
  if (send('SIGTERM')) setTimeout(() => send('SIGKILL'), GRACE_MS).unref();
}
