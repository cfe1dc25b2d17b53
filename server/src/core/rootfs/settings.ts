// Settings of the rootfs cache as one value. A bad value switches the feature off and says why; it never falls back to
// another directory or another limit. Source: rootfs contract, section 2.1.
import { parseSize } from '../../model/units.ts';
import { parseDuration } from './duration.ts';
import type { Limits } from './watermark.ts';
import type { KeyScheme } from './names.ts';
import type { PlugstackOptions } from './plugstack.ts';

export interface RootfsSettings extends Limits {
  readonly enabled: boolean;
  /** Undefined: the feature is off. */
  readonly base: string | undefined;
  /** Seconds. */
  readonly minAge: number;
  readonly foreignMinAge: number;
  /** Seconds; 0: off. */
  readonly maxAge: number;
  readonly keyScheme: KeyScheme;
  readonly fairness: 'lru' | 'share';
  readonly futile: 'keep' | 'evict';
  readonly allowNetworkFs: boolean;
  readonly syncOnPublish: boolean;
  /** Seconds. */
  readonly lockTimeout: number;
  readonly buildTimeout: number;
  /** 0: as enroot is configured. */
  readonly maxProcessors: number;
  readonly nice: number;
  /** Images or names that are never evicted automatically. */
  readonly pinned: readonly string[];
}

export interface SettingProblem {
  readonly key: string;
  readonly message: string;
  /** RC009: the directory; RC010: a limit; undefined: any other. */
  readonly code?: 'RC009' | 'RC010';
  readonly severity: 'error' | 'warning';
}

export const DEFAULT_ROOTFS_SETTINGS: RootfsSettings = {
  enabled: false,
  base: undefined,
  high: 85,
  low: 80,
  maxBytes: 0,
  minFreeBytes: 0,
  inodeHigh: 95,
  inodeLow: 90,
  usageFormula: 'df',
  minAge: 120,
  foreignMinAge: 6 * 3600,
  maxAge: 0,
  keyScheme: 'strict',
  fairness: 'lru',
  futile: 'keep',
  allowNetworkFs: false,
  syncOnPublish: true,
  lockTimeout: 60,
  buildTimeout: 1800,
  maxProcessors: 0,
  nice: 10,
  pinned: [],
};

type Reader = (value: unknown) => unknown;
interface Row {
  readonly field: keyof RootfsSettings;
  readonly read: Reader;
  readonly wants: string;
  readonly code?: 'RC009' | 'RC010';
}

const isBoolean: Reader = (value) => (typeof value === 'boolean' ? value : undefined);
const percent: Reader = (value) => (wholeNumber(value, 1, 99) ? Number(value) : undefined);
const oneOf =
  (...words: string[]): Reader =>
  (value) =>
    typeof value === 'string' && words.includes(value) ? value : undefined;
const size: Reader = (value) => parseSize(String(value));
const duration: Reader = (value) => parseDuration(String(value));
const whole =
  (most: number): Reader =>
  (value) =>
    wholeNumber(value, 0, most) ? Number(value) : undefined;

const PERCENT = 'a whole number from 1 to 99';
const SIZE = 'a size such as 500M or 200GiB';
const DURATION = 'a duration such as 60s, 2m or 6h';
const BOOLEAN = 'true or false';

/** Key as in the settings -> field, reader and words. */
const ROWS: Readonly<Record<string, Row>> = {
  enabled: { field: 'enabled', read: isBoolean, wants: BOOLEAN },
  base: { field: 'base', read: absolutePath, wants: 'an absolute path without ..', code: 'RC009' },
  gcHigh: { field: 'high', read: percent, wants: PERCENT, code: 'RC010' },
  gcLow: { field: 'low', read: percent, wants: PERCENT, code: 'RC010' },
  maxBytes: { field: 'maxBytes', read: size, wants: SIZE, code: 'RC010' },
  minFreeBytes: { field: 'minFreeBytes', read: size, wants: SIZE, code: 'RC010' },
  inodeHigh: { field: 'inodeHigh', read: percent, wants: PERCENT, code: 'RC010' },
  inodeLow: { field: 'inodeLow', read: percent, wants: PERCENT, code: 'RC010' },
  usageFormula: { field: 'usageFormula', read: oneOf('df', 'pr174'), wants: 'df or pr174' },
  minAge: { field: 'minAge', read: duration, wants: DURATION },
  foreignMinAge: { field: 'foreignMinAge', read: duration, wants: DURATION },
  maxAge: { field: 'maxAge', read: duration, wants: DURATION },
  keyScheme: { field: 'keyScheme', read: oneOf('strict', 'pr174'), wants: 'strict or pr174' },
  fairness: { field: 'fairness', read: oneOf('lru', 'share'), wants: 'lru or share' },
  futile: { field: 'futile', read: oneOf('keep', 'evict'), wants: 'keep or evict' },
  allowNetworkFs: { field: 'allowNetworkFs', read: isBoolean, wants: BOOLEAN },
  syncOnPublish: { field: 'syncOnPublish', read: isBoolean, wants: BOOLEAN },
  lockTimeout: { field: 'lockTimeout', read: duration, wants: DURATION },
  buildTimeout: { field: 'buildTimeout', read: duration, wants: DURATION },
  maxProcessors: { field: 'maxProcessors', read: whole(4096), wants: 'a whole number' },
  nice: { field: 'nice', read: whole(19), wants: 'a whole number from 0 to 19' },
  pinned: { field: 'pinned', read: stringList, wants: 'a list of images or names' },
};

/** Settings from an object as the editor or flags give it, over what plugstack says. With an error the base is unset. */
export function readRootfsSettings(
  raw: Readonly<Record<string, unknown>>,
  plugstack?: PlugstackOptions,
): { settings: RootfsSettings; problems: SettingProblem[] } {
  const problems: SettingProblem[] = [];
  const fields: Record<string, unknown> = {};
  for (const [key, value] of Object.entries({ ...fromPlugstack(plugstack), ...given(raw) })) {
    readOne(key, value, fields, problems);
  }
  const settings = { ...DEFAULT_ROOTFS_SETTINGS, ...fields };
  checkPair('gcLow', settings.low, settings.high, problems);
  checkPair('inodeLow', settings.inodeLow, settings.inodeHigh, problems);
  const broken = problems.some(({ severity }) => severity === 'error');
  return { settings: broken ? { ...settings, enabled: false, base: undefined } : settings, problems };
}

function readOne(
  key: string,
  value: unknown,
  fields: Record<string, unknown>,
  problems: SettingProblem[],
): void {
  const row = Object.hasOwn(ROWS, key) ? ROWS[key] : undefined;
  if (!row) {
    problems.push({ key, message: `unknown setting '${key}'`, severity: 'warning' });
    return;
  }
  const read = row.read(value);
  if (read === undefined) {
    const message = `${key} takes ${row.wants}, not ${JSON.stringify(value)}`;
    problems.push({ key, message, severity: 'error', ...(row.code ? { code: row.code } : {}) });
    return;
  }
  fields[row.field] = read;
}

function checkPair(key: string, low: number, high: number, problems: SettingProblem[]): void {
  if (low < high) return;
  problems.push({
    key,
    message: `the low mark (${low}) must be below the high mark (${high})`,
    code: 'RC010',
    severity: 'error',
  });
}

/** Unset and empty values do not hide what plugstack says. */
function given(raw: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(raw).filter(([, value]) => value !== undefined && value !== null && value !== ''),
  );
}

function fromPlugstack(options: PlugstackOptions | undefined): Record<string, unknown> {
  return given({ base: options?.dataPath, gcHigh: options?.gcHigh, gcLow: options?.gcLow });
}

function wholeNumber(value: unknown, least: number, most: number): boolean {
  const text = String(value);
  return /^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most;
}

function absolutePath(value: unknown): string | undefined {
  if (typeof value !== 'string' || !value.startsWith('/') || value.includes('\0')) return undefined;
  if (value.split('/').includes('..')) return undefined;
  const normal = value.replace(/\/+/g, '/').replace(/(\/\.)+(?=\/|$)/g, '');
  return normal.length > 1 ? normal.replace(/\/$/, '') : '/';
}

function stringList(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}
