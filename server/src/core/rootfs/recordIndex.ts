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

/** The first line of the file. The rest are pieces: rows in the order of their names, read when they are asked for. */
interface IndexHead {
  readonly v: 2;
  readonly directory: string;
  /** Bytes of each piece. */
  readonly pieces: readonly number[];
}

/** Rows of one piece: few enough that one in memory is nothing. */
const PIECE = 256;
/** What is read at first: the head of a million records, or all of a few hundred. */
const FIRST_READ = 65_536;
/** Fewer records than this are read as fast one by one. */
const WORTH_RECORDS = 16;
/** Records read before others may run. */
const PORTION = 250;
/** Changes this close to a look may not show in the directory's times: several ticks of the coarsest clock. */
const GRAIN_MS = 50;
/** Many times a piece; nobody's file makes another user's list run out of memory. */
const MOST_PIECE = 16 * 1024 * 1024;
const READ_PLAIN = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;

type RecordOf = (name: string) => ScannedRecord | undefined;

/** The records by name: by the copy as far as it can be believed, else one by one. Fast when names are asked in their order. */
export function recordsOf(layout: UserLayout): RecordOf {
  const one: RecordOf = (name) => {
    const metadata = readMetadata(layout, name);
    return metadata && shortRecord(metadata);
  };
  const pieces = believedPieces(layout);
  if (!pieces) return one;
  const rowOf = rowFinder(pieces);
  return (name) => {
    const row = rowOf(name);
    return row === 'damaged' ? one(name) : recordOf(row);
  };
}

/** True when a copy of all records is there, whole and true. */
export function hasTrueIndex(layout: UserLayout): boolean {
  const pieces = believedPieces(layout);
  if (!pieces) return false;
  for (let index = 0; index < pieces.count; index++) if (!pieces.rows(index)) return false;
  return true;
}

interface Pieces {
  readonly count: number;
  /** Undefined: damaged, or the file is another one by now. */
  readonly rows: (index: number) => readonly Row[] | undefined;
}

function believedPieces(layout: UserLayout): Pieces | undefined {
  const now = isLocal(layout) ? lookAtRecords(layout) : undefined;
  const start = now && readPart(layout.records, 0, FIRST_READ);
  const end = start?.bytes.indexOf('\n') ?? -1;
  if (!start || end < 0) return undefined;
  const head = parse(start.bytes.subarray(0, end)) as Partial<IndexHead> | null | undefined;
  if (head?.v !== 2 || head.directory !== now.identity || !Array.isArray(head.pieces)) return undefined;
  const places = placesOf(head.pieces, end + 1);
  if (places?.at(-1) !== start.size) return undefined;
  const bytesAt = (from: number, to: number) => {
    if (to <= start.bytes.length) return start.bytes.subarray(from, to);
    const part = readPart(layout.records, from, to - from);
    return part?.identity === start.identity ? part.bytes : undefined;
  };
  const rows = (index: number) => parsePiece(bytesAt(places[index] ?? 0, places[index + 1] ?? 0));
  return { count: places.length - 1, rows };
}

/** Where each piece begins, and where the last one ends. */
function placesOf(lengths: readonly unknown[], first: number): number[] | undefined {
  const places = [first];
  for (const length of lengths) {
    if (typeof length !== 'number' || !(length > 0 && length <= MOST_PIECE)) return undefined;
    places.push((places.at(-1) ?? 0) + length);
  }
  return places;
}

/** Looks at one piece at a time, and goes on from there: what is asked in order is parsed once. */
function rowFinder({ count, rows }: Pieces): (name: string) => Row | 'damaged' | undefined {
  let at = -1;
  let first = '';
  let last = '';
  let byName: ReadonlyMap<string, Row> = new Map();
  let damaged = false;
  const load = (index: number) => {
    const piece = rows(index);
    damaged ||= !piece;
    at = index;
    first = piece?.[0]?.[0] ?? '';
    last = piece?.at(-1)?.[0] ?? '';
    byName = new Map(piece?.map((row) => [row[0], row]));
  };
  return (name) => {
    if (name < first && at > 0) load(0);
    while (!damaged && name > last && at + 1 < count) load(at + 1);
    return damaged ? 'damaged' : byName.get(name);
  };
}

function parsePiece(bytes: Buffer | undefined): readonly Row[] | undefined {
  const rows = bytes && parse(bytes);
  return Array.isArray(rows) && rows.every(isRow) ? rows : undefined;
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
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
    if (!isLocal(layout) || namesOf(layout).length < WORTH_RECORDS || hasTrueIndex(layout)) return;
    const before = await quietRecords(layout);
    if (!before) return;
    const records: Row[] = [];
    for (const [index, name] of namesOf(layout).sort().entries()) {
      if (index % PORTION === PORTION - 1) await setImmediate();
      records.push(...rowOf(layout, name));
    }
    if (lookAtRecords(layout)?.identity !== before.identity) return;
    replace(layout.records, textOf(before.identity, records));
  } catch {
    // A full or read-only disk: lists read the records one by one.
  }
}

function textOf(directory: string, records: readonly Row[]): string {
  const texts: string[] = [];
  for (let start = 0; start < records.length; start += PIECE)
    texts.push(`${JSON.stringify(records.slice(start, start + PIECE))}\n`);
  const pieces = texts.map((text) => Buffer.byteLength(text));
  return `${JSON.stringify({ v: 2, directory, pieces } satisfies IndexHead)}\n${texts.join('')}`;
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

interface FilePart {
  readonly bytes: Buffer;
  /** Of the whole file. */
  readonly size: number;
  readonly identity: string;
}

function readPart(path: string, from: number, length: number): FilePart | undefined {
  let fd: number | undefined;
  try {
    fd = fs.openSync(path, READ_PLAIN);
    const stat = fs.fstatSync(fd);
    if (!stat.isFile()) return undefined;
    const { size, dev, ino, mtimeMs } = stat;
    const bytes = Buffer.allocUnsafe(Math.max(Math.min(length, size - from), 0));
    const read = fs.readSync(fd, bytes, 0, bytes.length, from);
    return { bytes: bytes.subarray(0, read), size, identity: `${dev}:${ino}:${mtimeMs}` };
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
