// Decides whether a directory may be pruned at all: it must look like a cache and not like anything dear to its owner.
// Source: interfaces, section 6; both sides of every comparison are canonical paths.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { OperationFailure } from '../../model/failure.ts';
import { isAtOrBelow } from '../../model/paths.ts';
import { SIDECAR_DIR } from '../cacheNames.ts';
import { ioFailure } from '../ioFailure.ts';
import type { Ports } from '../ports.ts';

const CACHE_FOLDERS = ['base', 'prepared', 'datasets', 'models', 'source', 'enroot', 'rendezvous'];
const PROJECT_FILE = /^(?:\.git|package\.json|compose.*\.ya?ml|docker-compose.*\.ya?ml)$/;

export interface GuardOptions {
  /** Overrides everything but `/`, home and what home lies in. */
  readonly forceDir?: boolean;
}

/**
 * Canonical path of a cache that may be pruned, or undefined when the directory does not exist.
 * Throws not-a-cache, naming what is missing or in the way, and why it cannot be looked at.
 */
export function prunableCache(
  cacheDir: string,
  options: GuardOptions,
  ports: Pick<Ports, 'env'>,
): string | undefined {
  const real = realDirectory(cacheDir);
  if (real === undefined) return undefined;
  if (isSamePlace(real, path.parse(real).root)) throw refusal(cacheDir, 'it is the root directory');
  for (const home of homes(ports)) {
    if (isSamePlace(real, home)) throw refusal(cacheDir, 'it is a home directory');
    if (isAtOrBelow(home, real)) throw refusal(cacheDir, `the home directory ${home} lies in it`);
  }
  if (!options.forceDir) assertLooksLikeCache(cacheDir, real);
  return real;
}

function realDirectory(cacheDir: string): string | undefined {
  try {
    const real = fs.realpathSync(path.resolve(cacheDir));
    if (!fs.statSync(real).isDirectory()) throw refusal(cacheDir, 'it is not a directory');
    return real;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw ioFailure(error, cacheDir);
  }
}

/** The same directory, also where it is mounted a second time. */
function isSamePlace(left: string, right: string): boolean {
  const [a, b] = [fs.statSync(left), fs.statSync(right)];
  return left === right || (a.dev === b.dev && a.ino === b.ino);
}

function assertLooksLikeCache(cacheDir: string, real: string): void {
  const names = fs.readdirSync(real);
  if (names.includes(SIDECAR_DIR)) return;
  const project = names.find((name) => PROJECT_FILE.test(name));
  if (project !== undefined) throw refusal(cacheDir, `it holds ${project} and so looks like a project`);
  if (names.length > 0 && !names.some((name) => CACHE_FOLDERS.includes(name)))
    throw refusal(cacheDir, `it has none of the folders ${CACHE_FOLDERS.join(', ')}`);
}

/** Home as the environment and as the user database tell it. */
function homes({ env }: Pick<Ports, 'env'>): string[] {
  const candidates = [env.HOME, userHome()].filter((home) => home !== undefined && home !== '');
  return candidates.flatMap((home) => {
    try {
      return [fs.realpathSync(home ?? '')];
    } catch {
      return [];
    }
  });
}

function userHome(): string | undefined {
  try {
    return os.userInfo().homedir;
  } catch {
    return undefined;
  }
}

function refusal(directory: string, missing: string): OperationFailure {
  return new OperationFailure('not-a-cache', { path: directory, missing });
}
