// All commit records of one user in one file, so that 100,000 of them are not 100,000 files to open. Only a copy: believed while
// the directory of the records is exactly as it was when they were read, and never when a change could hide in the clock's
// grain; else the records themselves are read. Every record is a new file put in place by a rename, which the directory's times tell.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { readMetadata } from './entryOnDisk.ts';
import type { UserLayout } from './layout.ts';
import type { RootfsMetadata } from './metadata.ts';
import { parseRootfsName } from './names.ts';

/** What a list and a plan tell of an entry's record: little, because there may be 100,000 of them at once. */
export interface ScannedRecord extends Pick<
  RootfsMetadata,
  'dev' | 'ino' | 'image' | 'key' | 'bytes' | 'inodes' | 'createdAt'
> {
  /** Path of the image file, where it is not `image` itself. */
  readonly source?: string;
}

/** One record: name, dev, ino, image, key, source, bytes, inodes, createdAt. */
type Row = readonly [string, string, string, string, string, string | null, number, number, number];

interface StoredIndex {
  readonly v: 1;
  readonly directory: string;
  readonly records: readonly Row[];
}

/** Fewer records than this are read as fast one by one. */
const WORTH_RECORDS = 16;
/** Records read before others may run. */
const PORTION = 250;
/** Changes this close to a look may not show in the directory's times: several ticks of the coarsest clock. */
const GRAIN_MS = 50;
/** More than a million records; nobody's file makes another user's list run out of memory. */
const MOST_BYTES = 512 * 1024 * 1024;
const READ_PLAIN = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;

/** The records by name, or undefined when they have to be read one by one. */
export function readRecordIndex(
  layout: UserLayout,
): ((name: string) => ScannedRecord | undefined) | undefined {
  const now = isLocal(layout) ? lookAtRecords(layout) : undefined;
  const text = now && readText(layout.records);
  if (text === undefined) return undefined;
  const { v, directory, records } = parse(text);
  if (v !== 1 || directory !== now?.identity || !Array.isArray(records) || !records.every(isRow))
    return undefined;
  const rows = new Map(records.map((row) => [row[0], row]));
  return (name) => recordOf(rows.get(name));
}

function parse(text: string): Partial<StoredIndex> {
  try {
    return (JSON.parse(text) as Partial<StoredIndex> | null) ?? {};
  } catch {
    return {};
  }
}

/** What a list tells of a record. */
export function shortRecord({ source, ...record }: RootfsMetadata): ScannedRecord {
  const { dev, ino, image, key, bytes, inodes, createdAt } = record;
  const short = { dev, ino, image, key, bytes, inodes, createdAt };
  return source && source.path !== image ? { ...short, source: source.path } : short;
}

/**
 * Writes the index anew when it is not true any more. Best effort and without a lock: it is believed only for the directory that
 * it was read from, whoever writes last. Waits until the last change cannot be mistaken for a later one (up to 50 ms).
 */
export async function renewRecordIndex(layout: UserLayout): Promise<void> {
  try {
    if (!isLocal(layout) || namesOf(layout).length < WORTH_RECORDS || readRecordIndex(layout)) return;
    const before = await quietRecords(layout);
    if (!before) return;
    const records: Row[] = [];
    for (const [index, name] of namesOf(layout).entries()) {
      if (index % PORTION === PORTION - 1) await setImmediate();
      records.push(...rowOf(layout, name));
    }
    if (lookAtRecords(layout)?.identity !== before.identity) return;
    replace(
      layout.records,
      JSON.stringify({ v: 1, directory: before.identity, records } satisfies StoredIndex),
    );
  } catch {
    // A full or read-only disk: lists read the records one by one.
  }
}

/** On shared file systems, where each host has its part, a directory's times may be an old copy. */
function isLocal({ root, base }: UserLayout): boolean {
  return dirname(root) === base;
}

/** Temporary files of killed writers, for the sweep. */
export function isIndexLeftover(file: string): boolean {
  return /^records\.json\.[0-9a-f]{12}\.tmp$/.test(file);
}

function recordOf(row: Row | undefined): ScannedRecord | undefined {
  if (!row) return undefined;
  const [, dev, ino, image, key, source, bytes, inodes, createdAt] = row;
  const record = { dev, ino, image, key, bytes, inodes, createdAt };
  return source === null ? record : { ...record, source };
}

/** Spelled out: it is asked 100,000 times. */
function isRow(row: unknown): row is Row {
  if (!Array.isArray(row) || row.length !== 9) return false;
  const values = row as unknown[];
  return (
    typeof values[0] === 'string' &&
    typeof values[1] === 'string' &&
    typeof values[2] === 'string' &&
    typeof values[3] === 'string' &&
    typeof values[4] === 'string' &&
    (values[5] === null || typeof values[5] === 'string') &&
    Number.isFinite(values[6]) &&
    Number.isFinite(values[7]) &&
    Number.isFinite(values[8])
  );
}

function rowOf(layout: UserLayout, name: string): Row[] {
  const metadata = readMetadata(layout, name);
  if (!metadata) return [];
  const { dev, ino, image, key, source = null, bytes, inodes, createdAt } = shortRecord(metadata);
  return [[name, dev, ino, image, key, source, bytes, inodes, createdAt]];
}

function namesOf(layout: UserLayout): string[] {
  return fs
    .readdirSync(layout.meta)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .filter((name) => parseRootfsName(name) !== undefined);
}

interface RecordsLook {
  readonly identity: string;
  /** Since the last change, by the clock that stamps files. */
  readonly quietMs: number;
}

function lookAtRecords(layout: UserLayout): RecordsLook | undefined {
  const stat = fs.lstatSync(layout.meta, { throwIfNoEntry: false, bigint: true });
  if (!stat?.isDirectory()) return undefined;
  const { dev, ino, mtimeNs, ctimeNs, mtimeMs, ctimeMs } = stat;
  const last = Number(mtimeMs > ctimeMs ? mtimeMs : ctimeMs);
  return { identity: `${dev}:${ino}:${mtimeNs}:${ctimeNs}`, quietMs: Date.now() - last };
}

/** The directory after its last change is told by its times; undefined when it keeps changing, or changed in the future. */
async function quietRecords(layout: UserLayout): Promise<RecordsLook | undefined> {
  const look = lookAtRecords(layout);
  if (!look || look.quietMs > GRAIN_MS) return look;
  await setTimeout(GRAIN_MS + 5);
  const again = lookAtRecords(layout);
  return again && again.quietMs > GRAIN_MS ? again : undefined;
}

function readText(path: string): string | undefined {
  let fd: number | undefined;
  try {
    fd = fs.openSync(path, READ_PLAIN);
    const stat = fs.fstatSync(fd);
    return stat.isFile() && stat.size <= MOST_BYTES ? fs.readFileSync(fd, 'utf8') : undefined;
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

function replace(path: string, text: string): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    fs.writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' });
    fs.renameSync(temporary, path);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}
