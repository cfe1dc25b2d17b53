// Finds out about a path without ever blocking this program: every look is a process of its own with a time limit, so that a
// hung mount costs one note and no thread. The mount table itself never hangs.
import type { PathEvidence } from '../model/pathEvidence.ts';
import { isAtOrBelow, parentPath } from '../model/paths.ts';
import type { ProcessRun } from './process.ts';

export interface ProbePorts {
  readonly run: ProcessRun;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text of /proc/self/mountinfo; empty where there is none. */
  readonly mountinfo: string;
  /** Limit for all looks at one path together. */
  readonly timeoutMs: number;
}

/** Never throws but for cancellation of `signal`. */
export async function probePath(
  path: string,
  ports: ProbePorts,
  signal?: AbortSignal,
): Promise<PathEvidence> {
  const limit = AbortSignal.timeout(ports.timeoutMs);
  const look = looker(ports, signal ? AbortSignal.any([signal, limit]) : limit);
  try {
    return await withinLimit(probe(path, ports, look), limit, () => silent(path, ports));
  } catch (error) {
    signal?.throwIfAborted();
    if (limit.aborted) return silent(path, ports);
    throw error;
  }
}

type Look = (command: string, ...args: readonly string[]) => Promise<{ ok: boolean; text: string }>;

function looker({ run, env }: ProbePorts, signal: AbortSignal): Look {
  return async (command, ...args) => {
    const result = await run({ command, args, env: { ...env, LC_ALL: 'C' }, signal });
    return { ok: result.exitCode === 0, text: result.stdout.trimEnd() };
  };
}

/** A process that waits for a dead server cannot even be killed: then the answer comes without it. */
function withinLimit<T>(work: Promise<T>, limit: AbortSignal, late: () => T): Promise<T> {
  work.catch(() => undefined);
  const timer = new Promise<T>((resolve) => {
    limit.addEventListener('abort', () => resolve(late()), { once: true });
  });
  return Promise.race([work, timer]);
}

async function probe(path: string, ports: ProbePorts, look: Look): Promise<PathEvidence> {
  const link = await look('readlink', '-m', '--', path);
  if (!link.ok) return { path, answer: 'unknown', ...mountFact(path, ports.mountinfo) };
  const real = link.text;
  const existing = await nearestExisting(real, look);
  if (existing === undefined) return { path, answer: 'unknown', real, ...mountFact(real, ports.mountinfo) };
  const mode = await look('stat', '-L', '-c', '%a', '--', existing);
  const writable = await look('test', '-w', existing);
  const space = await look('stat', '-f', '-c', '%a %S', '--', existing);
  const [blocks = NaN, size = NaN] = space.text.split(' ').map(Number);
  return {
    path,
    answer: existing === real ? 'ok' : 'missing',
    real,
    writable: writable.ok,
    // The sticky bit (as in /tmp) keeps others from replacing files.
    ...(mode.ok
      ? { worldWritable: /^[0-7]?[0-7]{2}[2367]$/.test(mode.text) && !/^[1357]\d{3}$/.test(mode.text) }
      : {}),
    ...(space.ok && Number.isFinite(blocks * size) ? { freeBytes: blocks * size } : {}),
    ...mountFact(real, ports.mountinfo),
  };
}

async function nearestExisting(path: string, look: Look): Promise<string | undefined> {
  for (let at = path; at !== ''; at = parentPath(at)) {
    if ((await look('test', '-e', at)).ok) return at;
    if (at === '/') break;
  }
  return undefined;
}

function silent(path: string, { mountinfo }: ProbePorts): PathEvidence {
  return { path, answer: 'silent', ...mountFact(path, mountinfo) };
}

/** The deepest mount that holds a path; of several on one point the last, which hides the others. */
function mountFact(path: string, mountinfo: string): Pick<PathEvidence, 'mount'> {
  let found: PathEvidence['mount'];
  for (const line of mountinfo.split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const point = unescapeMount(left.split(' ')[4] ?? '');
    const type = right.split(' ')[0] ?? '';
    if (point === '' || type === '' || type === 'autofs' || !isAtOrBelow(path, point)) continue;
    if (!found || point.length >= found.point.length) found = { point, type };
  }
  return found ? { mount: found } : {};
}

function unescapeMount(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
