// Where the index of a listing lies: in our folder of the cache, or for a cache that cannot be written to in the user's own
// cache folder. Nowhere on network file systems, where a directory's times may be an old copy.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { canonicalPath } from '../canonicalPath.ts';
import { isNetworkFileSystem } from '../fileSystemKind.ts';
import { prunableCache } from '../prune/guard.ts';
import { makeSidecarDirectory, sidecarPath } from '../sidecar.ts';
import type { ListingFormat } from './renderEntry.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface IndexPlace {
  /** Files to look for, the best first. */
  readonly files: readonly string[];
  /** Makes the folder and gives the file to write; undefined when there is no place. */
  readonly make: () => string | undefined;
}

/** Places for the index of one format; none on a network file system. */
export function indexPlace(cacheDir: string, format: ListingFormat, env: Environment): IndexPlace {
  if (isNetworkFileSystem(cacheDir)) return { files: [], make: () => undefined };
  const name = `list.${format}`;
  const own = ownFolder(cacheDir, env);
  const files = [sidecarPath(cacheDir, 'index', name), ...(own === undefined ? [] : [path.join(own, name)])];
  return {
    files,
    make: () => inCache(cacheDir, name, env) ?? (own === undefined ? undefined : inFolder(own, name)),
  };
}

/** Our folder makes a directory look like a cache: it is made only in what looks like one already. */
function inCache(cacheDir: string, name: string, env: Environment): string | undefined {
  try {
    if (prunableCache(cacheDir, {}, { env }) === undefined) return undefined;
    const folder = makeSidecarDirectory(cacheDir, 'index');
    fs.accessSync(folder, fs.constants.W_OK);
    return path.join(folder, name);
  } catch {
    return undefined;
  }
}

function inFolder(folder: string, name: string): string | undefined {
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    return path.join(folder, name);
  } catch {
    return undefined;
  }
}

function ownFolder(cacheDir: string, env: Environment): string | undefined {
  const base = env.XDG_CACHE_HOME ?? (env.HOME === undefined ? '' : path.join(env.HOME, '.cache'));
  if (!path.isAbsolute(base)) return undefined;
  const digest = createHash('sha256').update(canonicalPath(cacheDir)).digest('hex').slice(0, 16);
  return path.join(base, 'hpc-compose-vscode', 'index', digest);
}
