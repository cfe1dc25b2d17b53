// Runs enroot for a build: everything it writes goes into the hidden build directory, the entry's lock is inherited so that
// orphans still hold it, and only the harmless verbs are ever used. Source: rootfs contract, sections 2.5 L4, 2.6 A6, 4.2.
import fs from 'node:fs';
import { join } from 'node:path';
import { RootfsFailure } from '../../model/rootfs.ts';
import { executableOnPath, isExecutable } from '../executable.ts';
import type { ImageIdentity } from './identifyImage.ts';
import type { UserLayout } from './layout.ts';
import type { HeldLock } from './lockFiles.ts';
import type { RootfsPorts } from './rootfsPorts.ts';
import type { RootfsSettings } from './settings.ts';

export interface EnrootFailure {
  readonly message: string;
  /** What ran out, when something did. */
  readonly full?: string;
}

/** What every call of enroot in a build shares. */
export interface EnrootCall {
  readonly identity: ImageIdentity;
  readonly layout: UserLayout;
  readonly lock: HeldLock;
  readonly settings: RootfsSettings;
  readonly enroot: string;
  readonly signal?: AbortSignal | undefined;
  readonly onLine?: ((line: string) => void) | undefined;
}

type Call = EnrootCall & {
  readonly scratch: string;
  readonly verb: 'import' | 'create';
};

/** Runs one enroot command; undefined when it did its work. Throws E_TIMEOUT, E_NO_ENROOT, and the signal's reason. */
export async function runEnroot(
  args: readonly string[],
  call: Call,
  ports: RootfsPorts,
): Promise<EnrootFailure | undefined> {
  const temporary = `${call.scratch}.tmp`;
  for (const path of [temporary, join(temporary, 'run'), join(temporary, 'cache')])
    fs.mkdirSync(path, { recursive: true, mode: 0o700 });
  const limit = AbortSignal.timeout(Math.max(1, Math.floor(call.settings.buildTimeout * 1000)));
  try {
    const result = await ports.run({
      ...withNice([call.enroot, ...args], call.settings.nice),
      env: environment(call, temporary, ports),
      descriptors: [call.lock.fd],
      signal: call.signal ? AbortSignal.any([call.signal, limit]) : limit,
      onLine: (line) => call.onLine?.(line),
    });
    if (result.startError !== undefined) throw new RootfsFailure('E_NO_ENROOT');
    if (result.exitCode === 0) return undefined;
    return failureOf(result.stderr, result.exitCode);
  } catch (error) {
    if (limit.aborted && !call.signal?.aborted)
      throw new RootfsFailure('E_TIMEOUT', {
        image: call.identity.image,
        seconds: call.settings.buildTimeout,
      });
    throw error;
  }
}

function withNice(line: readonly string[], nice: number): { command: string; args: readonly string[] } {
  const words = nice > 0 ? ['nice', '-n', String(nice), ...line] : line;
  const [command = '', ...args] = words;
  return { command, args };
}

/** Booleans are said as `n`: an empty value would fall back to the site's configuration. */
function environment(call: Call, temporary: string, ports: RootfsPorts): RootfsPorts['env'] {
  const { maxProcessors } = call.settings;
  return {
    ...ports.env,
    ENROOT_DATA_PATH: call.layout.build,
    ENROOT_ROOTFS_WRITABLE: 'n',
    ENROOT_FORCE_OVERRIDE: 'n',
    ENROOT_TEMP_PATH: temporary,
    ENROOT_RUNTIME_PATH: join(temporary, 'run'),
    // Layers of an import are worth keeping where the site keeps them; a create needs no such place.
    ...(call.verb === 'create' ? { ENROOT_CACHE_PATH: join(temporary, 'cache') } : {}),
    ...(maxProcessors > 0 ? { ENROOT_MAX_PROCESSORS: String(maxProcessors) } : {}),
  };
}

function failureOf(stderr: string, exitCode: number | undefined): EnrootFailure {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('[INFO]'));
  const message = lines.slice(-3).join('; ') || `enroot ended with ${exitCode ?? 'a signal'}`;
  if (/disk quota exceeded/i.test(stderr)) return { message, full: 'the quota is used up' };
  if (/no space left on device/i.test(stderr)) return { message, full: 'the disk or its inodes are full' };
  return { message };
}

/** The executable to use: a path as it is, a name as found on PATH. Throws E_NO_ENROOT. */
export function findEnroot(given: string | undefined, env: RootfsPorts['env']): string {
  const name = given || 'enroot';
  const found = name.includes('/') ? [name].find(isExecutable) : executableOnPath(name, env.PATH);
  if (found === undefined) throw new RootfsFailure('E_NO_ENROOT');
  return found;
}
