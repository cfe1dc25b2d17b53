// The settings that cache features honour, typed; wrong types count as absent.
import { parseSize, type Units } from '../model/units.ts';
import type { LensDetail } from '../language/lenses.ts';
import { at, type RawSettings } from './settings.ts';

export interface CacheSettings {
  readonly enabled: boolean;
  readonly codeLens: LensDetail;
  readonly units: Units;
  readonly budget: number | undefined;
  readonly profile: string | undefined;
  readonly toolVersion: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly enrootPath: string | undefined;
  readonly flockPath: string | undefined;
  /** Directories to offer for the cache, as written. */
  readonly directories: readonly string[];
  /** Directories that compute nodes see too, as written. */
  readonly sharedRoots: readonly string[];
  /** Images prepared at once; 0: the core decides. */
  readonly jobs: number;
}

/** Reads them from what the client sent. */
export function readCacheSettings(raw: RawSettings): CacheSettings {
  const text = (name: string) => {
    const value = at(raw, name);
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
  };
  const jobs = at(raw, 'prepare.maxParallel');
  return {
    enabled: at(raw, 'enabled') !== false,
    codeLens: oneOf(at(raw, 'codeLens'), ['full', 'compact', 'off']),
    units: oneOf(at(raw, 'units'), ['binary', 'decimal']),
    budget: parseSize(text('cache.budget') ?? ''),
    profile: text('profile'),
    toolVersion: text('toolVersion'),
    env: stringsOf(at(raw, 'env')),
    enrootPath: text('enroot.path'),
    flockPath: text('flock.path'),
    directories: listOf(at(raw, 'cache.candidates')),
    sharedRoots: listOf(at(raw, 'cache.sharedRoots')),
    jobs: typeof jobs === 'number' && jobs > 0 ? Math.floor(jobs) : 0,
  };
}

/** The first choice unless `value` is another one. */
function oneOf<T extends string>(value: unknown, choices: readonly [T, ...T[]]): T {
  return choices.find((choice) => choice === value) ?? choices[0];
}

function stringsOf(value: unknown): Record<string, string> {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
