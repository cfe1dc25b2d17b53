// Finds out about a path without ever blocking this program: each look is one process of its own with a time limit, so that a
// hung mount costs one note and no thread. The mount table itself never hangs.
import type { PathEvidence } from '../model/pathEvidence.ts';
import { mountOf } from './preflight/mountInfo.ts';
import type { ProcessRun } from './process.ts';

export interface ProbePorts {
  readonly run: ProcessRun;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text of /proc/self/mountinfo; empty where there is none. */
  readonly mountinfo: string;
  /** Limit for one look. */
  readonly timeoutMs: number;
}

/** Never throws but for cancellation of `signal`. */
export async function probePath(
  path: string,
  ports: ProbePorts,
  signal?: AbortSignal,
): Promise<PathEvidence> {
  signal?.throwIfAborted();
  const limit = AbortSignal.timeout(ports.timeoutMs);
  const silent = (): PathEvidence => ({ path, answer: 'silent', ...mountFact(path, ports.mountinfo) });
  try {
    const work = look(path, ports, signal ? AbortSignal.any([signal, limit]) : limit);
    const facts = await withinLimit(work, limit);
    return facts === undefined ? silent() : evidenceOf(path, facts, ports.mountinfo);
  } catch (error) {
    signal?.throwIfAborted();
    if (limit.aborted) return silent();
    throw error;
  }
}

/**
 * Prints NUL-ended facts about $1: its real path, `y` when that exists, then of the nearest directory that exists `y` when it
 * can be written to, its mode, and its free blocks with their size. The path is data here, never a part of a command.
 */
const LOOK = `
real=$(readlink -m -- "$1") || exit 1
at=$real
while [ ! -e "$at" ] && [ "$at" != / ]; do
  at=\${at%/*}
  at=\${at:-/}
done
[ "$at" = "$real" ] && exists=y || exists=n
[ -w "$at" ] && writable=y || writable=n
mode=$(stat -L -c %a -- "$at") || mode=
space=$(stat -f -c '%a %S' -- "$at") || space=
printf '%s\\000' "$real" "$exists" "$writable" "$mode" "$space"
`;

/** The printed facts; none when the tools of this machine cannot tell. */
async function look(path: string, { run, env }: ProbePorts, signal: AbortSignal): Promise<readonly string[]> {
  const args = ['-c', LOOK, 'sh', path];
  const result = await run({
    command: '/bin/sh',
    args,
    cwd: '/',
    env: { PATH: env.PATH, LC_ALL: 'C' },
    signal,
  });
  return result.exitCode === 0 ? result.stdout.split('\0') : [];
}

/** A process that waits for a dead server cannot even be killed: then the answer, undefined, comes without it. */
function withinLimit<T>(work: Promise<T>, limit: AbortSignal): Promise<T | undefined> {
  work.catch(() => undefined);
  const timer = new Promise<undefined>((resolve) => {
    limit.addEventListener('abort', () => resolve(undefined), { once: true });
  });
  return Promise.race([work, timer]);
}

function evidenceOf(path: string, facts: readonly string[], mountinfo: string): PathEvidence {
  const [real, exists, writable, mode = '', space = ''] = facts;
  if (real === undefined || real === '') return { path, answer: 'unknown', ...mountFact(path, mountinfo) };
  const [blocks = NaN, size = NaN] = space.split(' ').map(Number);
  return {
    path,
    answer: exists === 'y' ? 'ok' : 'missing',
    real,
    writable: writable === 'y',
    ...(mode === '' ? {} : { worldWritable: isWorldWritable(mode) }),
    ...(space !== '' && Number.isFinite(blocks * size) ? { freeBytes: blocks * size } : {}),
    ...mountFact(real, mountinfo),
  };
}

/** The sticky bit (as in /tmp) keeps others from replacing files. */
function isWorldWritable(mode: string): boolean {
  return /^[0-7]?[0-7]{2}[2367]$/.test(mode) && !/^[1357]\d{3}$/.test(mode);
}

/** An automounter's own point says nothing about what it will mount there. */
function mountFact(path: string, mountinfo: string): Pick<PathEvidence, 'mount'> {
  const mount = mountOf(withoutAutomounts(mountinfo), path);
  return mount ? { mount: { point: mount.mountPoint, type: mount.fsType } } : {};
}

function withoutAutomounts(mountinfo: string): string {
  return mountinfo
    .split('\n')
    .filter((line) => !line.includes(' - autofs '))
    .join('\n');
}
