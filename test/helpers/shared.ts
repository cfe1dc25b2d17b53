// Recorded facts beside the repository, for tests that run only where they are.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Context } from 'mocha';
import { skipBecause } from './skip.ts';

/** Path of a shared file, or undefined when it is not there. */
export function sharedFile(name: string): string | undefined {
  const root = process.env.HPC_COMPOSE_SHARED ?? resolve(import.meta.dirname, '../../../shared');
  const path = join(root, name);
  return existsSync(path) ? path : undefined;
}

/** The records of a shared JSON-lines file, or none. */
export function sharedRecords<T>(name: string): T[] {
  const path = sharedFile(name);
  if (path === undefined) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as T);
}

/** Skips the suite, with a reason, where a shared file is missing. */
export function needShared(context: Context, name: string): void {
  if (sharedFile(name) === undefined) skipBecause(context, `${name} is not beside the repository`);
}
