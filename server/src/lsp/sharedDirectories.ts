// Asks the machine which directories could hold a shared cache: variables, mounts, settings; only those that can be written.
import fs from 'node:fs/promises';
import { type Candidate, cacheCandidates } from '../language/cacheCandidates.ts';
import type { Ports } from '../core/ports.ts';
import type { CacheSettings } from './cacheSettings.ts';

/** A mount that does not answer in this time is not offered. */
const PATIENCE_MS = 500;

/** Candidates for a cache directory, best first, each with an ancestor that this user can write to now. */
export async function sharedDirectories(env: Ports['env'], choices: CacheSettings): Promise<Candidate[]> {
  const mountinfo = await fs.readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const expand = (text: string) => expandVariables(text, env);
  const configured = choices.directories.map(expand);
  const sharedRoots = choices.sharedRoots.map(expand);
  const candidates = cacheCandidates({ env, configured, sharedRoots, mountinfo });
  const writable = await Promise.all(candidates.map(({ root }) => isWritable(root)));
  return candidates.filter((_candidate, index) => writable[index]);
}

async function isWritable(directory: string): Promise<boolean> {
  const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), PATIENCE_MS).unref());
  const known = fs.access(directory, fs.constants.W_OK | fs.constants.X_OK).then(
    () => true,
    () => false,
  );
  return Promise.race([known, late]);
}

function expandVariables(text: string, env: Ports['env']): string {
  return text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_whole, braced?: string, bare?: string) => {
    return env[braced ?? bare ?? ''] ?? '';
  });
}
