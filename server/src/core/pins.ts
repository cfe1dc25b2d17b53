// Entries that no prune may remove: `.hpc-compose-vscode/pins.json`, paths relative to the cache.
// Changed under a lock of its own, so that two windows pinning at once lose nothing.
import fs from 'node:fs';
import path from 'node:path';
import { OperationFailure } from '../model/failure.ts';
import { errnoOf } from './files.ts';
import { acquireLock, type LockPorts } from './locks.ts';
import { makeSidecarDirectory, readSidecarJson, sidecarPath, writeSidecarFile } from './sidecar.ts';

const LOCK_TIMEOUT_MS = 10_000;

interface PinsFile {
  readonly schema_version: 1;
  readonly pins: readonly string[];
}

/** Pinned artifacts, as paths below `cacheDir`; none where the pins cannot be read. For showing, never for removing. */
export function readPins(cacheDir: string): Set<string> {
  return pinsIn(cacheDir, readSidecarJson(sidecarPath(cacheDir, 'pins.json'))) ?? new Set();
}

/** Pinned artifacts, for a decision on them. Throws io when pins are there and cannot be read: then all might be pinned. */
export function readPinsForSure(cacheDir: string): Set<string> {
  const file = sidecarPath(cacheDir, 'pins.json');
  const pins = pinsIn(cacheDir, readSidecarJson(file));
  if (pins) return pins;
  if (isAbsent(file)) return new Set();
  const cause = 'it is damaged or may not be read, so what is pinned is not known; mend or remove it';
  throw new OperationFailure('io', { path: file, cause });
}

function pinsIn(cacheDir: string, file: unknown): Set<string> | undefined {
  const { pins } = (file ?? {}) as Partial<PinsFile>;
  if (!Array.isArray(pins) || !pins.every((pin) => typeof pin === 'string')) return undefined;
  return new Set(pins.map((pin) => path.join(cacheDir, pin)));
}

function isAbsent(file: string): boolean {
  try {
    return fs.lstatSync(file, { throwIfNoEntry: false }) === undefined;
  } catch (error) {
    return errnoOf(error) === 'ENOTDIR';
  }
}

/**
 * Pins or unpins artifacts. Gives the paths whose state changed.
 * Throws artifact-missing for a path outside the cache, lock-busy, io for pins that cannot be read, and what writing gave.
 */
export async function changePins(
  cacheDir: string,
  artifactPaths: readonly string[],
  pinned: boolean,
  ports: LockPorts,
): Promise<string[]> {
  const wanted = artifactPaths.map((artifact) => relativeTo(cacheDir, artifact));
  makeSidecarDirectory(cacheDir);
  const lockPath = sidecarPath(cacheDir, 'pins.lock');
  const lock = await acquireLock(lockPath, { timeoutMs: LOCK_TIMEOUT_MS }, ports);
  try {
    return writePins(cacheDir, wanted, pinned);
  } finally {
    lock.release();
  }
}

function writePins(cacheDir: string, wanted: readonly string[], pinned: boolean): string[] {
  const before = new Set([...readPinsForSure(cacheDir)].map((pin) => path.relative(cacheDir, pin)));
  const changed = wanted.filter((pin) => before.has(pin) !== pinned);
  for (const pin of changed) {
    if (pinned) before.add(pin);
    else before.delete(pin);
  }
  const file: PinsFile = { schema_version: 1, pins: [...before].sort() };
  if (changed.length > 0)
    writeSidecarFile(sidecarPath(cacheDir, 'pins.json'), `${JSON.stringify(file, null, 2)}\n`);
  return changed.map((pin) => path.join(cacheDir, pin));
}

function relativeTo(cacheDir: string, artifact: string): string {
  const relative = path.relative(cacheDir, artifact);
  if (relative === '' || relative.startsWith('..'))
    throw new OperationFailure('artifact-missing', { path: artifact });
  return relative;
}
