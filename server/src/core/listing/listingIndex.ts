// The rendered listing of a cache as it was, kept so that an unchanged directory need not be read again. Believed only as far as
// a directory's identity and times say that nothing happened in it, and never when a change could hide in the clock's grain.
import fs from 'node:fs';
import type { ListProblem } from '../../model/cache.ts';
import type { ListingFormat } from './renderEntry.ts';

/** Rendered entries of one directory between two of its children, as a range of the index file. */
export interface IndexedPiece {
  readonly at: number;
  readonly length: number;
  readonly count: number;
}

export interface IndexedDirectory {
  /** Relative to the cache; empty for the cache itself. */
  readonly path: string;
  readonly identity: DirectoryIdentity;
  /** Holds something that can change without the directory's times changing: always read again. */
  readonly volatile: boolean;
  readonly items: readonly (IndexedPiece | { readonly child: string })[];
  readonly problems: readonly ListProblem[];
}

/** Nanoseconds as text: they do not fit a number. */
export interface DirectoryIdentity {
  readonly device: string;
  readonly inode: string;
  readonly modified: string;
  readonly changed: string;
}

interface IndexHeader {
  readonly version: 2;
  readonly format: ListingFormat;
  /** Spelling of the directory: it is part of every line. */
  readonly cache_dir: string;
  /** An index written before a power cut may have holes: it counts only until the machine restarts. */
  readonly boot: string;
  /** The file system's clock when the scan began, nanoseconds. */
  readonly stamp: string;
  readonly directories: readonly IndexedDirectory[];
}

const MAGIC = Buffer.from('HPCXLST1');
const FOOTER = MAGIC.length + 8;

/** Changes this close to a scan may not show in a directory's times. */
const RACY_NS = 2_000_000_000n;

export interface OpenIndex {
  readonly fd: number;
  /** The directory as indexed, if nothing can have changed in it since; else undefined. */
  readonly trusted: (path: string, now: DirectoryIdentity | undefined) => IndexedDirectory | undefined;
  readonly directories: readonly IndexedDirectory[];
  readonly close: () => void;
}

/** Opens an index of this very listing, or gives undefined when there is none that can be used. */
export function openIndex(file: string, cacheDir: string, format: ListingFormat): OpenIndex | undefined {
  let fd: number | undefined;
  try {
    fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
    const header = readHeader(fd);
    const usable =
      header?.version === 2 &&
      header.format === format &&
      header.cache_dir === cacheDir &&
      header.boot === bootOfMachine();
    if (usable) return indexOf(fd, header);
    fs.closeSync(fd);
    return undefined;
  } catch {
    if (fd !== undefined) fs.closeSync(fd);
    return undefined;
  }
}

function indexOf(fd: number, { directories, stamp }: IndexHeader): OpenIndex {
  const byPath = new Map(directories.map((directory) => [directory.path, directory]));
  return {
    fd,
    directories,
    trusted: (path, now) => {
      const known = byPath.get(path);
      if (!known || !now || known.volatile) return undefined;
      return sameIdentity(known.identity, now) && !isRacy(now, stamp) ? known : undefined;
    },
    close: () => fs.closeSync(fd),
  };
}

function sameIdentity(a: DirectoryIdentity, b: DirectoryIdentity): boolean {
  return a.inode === b.inode && a.device === b.device && a.modified === b.modified && a.changed === b.changed;
}

function isRacy({ modified, changed }: DirectoryIdentity, stamp: string): boolean {
  const latest = BigInt(modified) > BigInt(changed) ? BigInt(modified) : BigInt(changed);
  return BigInt(stamp) - latest < RACY_NS;
}

function readHeader(fd: number): IndexHeader | undefined {
  const stat = fs.fstatSync(fd);
  if (!stat.isFile() || stat.size < FOOTER) return undefined;
  const footer = Buffer.alloc(FOOTER);
  fs.readSync(fd, footer, 0, FOOTER, stat.size - FOOTER);
  if (!footer.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const length = Number(footer.readBigUInt64LE(MAGIC.length));
  if (length > stat.size - FOOTER) return undefined;
  const header = Buffer.alloc(length);
  fs.readSync(fd, header, 0, length, stat.size - FOOTER - length);
  return JSON.parse(header.toString('utf8')) as IndexHeader;
}

/** Identity of a directory now, or undefined when it cannot be seen. */
export function directoryIdentity(path: string): DirectoryIdentity | undefined {
  try {
    const { dev, ino, mtimeNs, ctimeNs } = fs.lstatSync(path, { bigint: true });
    return { device: `${dev}`, inode: `${ino}`, modified: `${mtimeNs}`, changed: `${ctimeNs}` };
  } catch {
    return undefined;
  }
}

export interface IndexWriter {
  /** Adds rendered bytes to the piece that is being written. */
  readonly add: (bytes: Uint8Array, count: number) => void;
  /** Ends the piece; undefined when nothing was added. */
  readonly endPiece: () => IndexedPiece | undefined;
  readonly addDirectory: (directory: IndexedDirectory) => void;
  /** Puts the index in place, if it is worth having. Failures leave none. */
  readonly finish: (format: ListingFormat, cacheDir: string) => void;
}

/** Fewer entries than this are listed as fast without an index. */
const WORTH_ENTRIES = 1000;

/** Writes an index as a listing goes along; the file is made by `makeFile` once there are enough entries. */
export function createIndexWriter(makeFile: () => string | undefined): IndexWriter {
  const startMs = Date.now();
  const directories: IndexedDirectory[] = [];
  const body = createBody(makeFile);
  let size = 0;
  let piece = { at: 0, count: 0 };
  return {
    add: (bytes, count) => {
      body.write(bytes, count);
      size += bytes.length;
      piece.count += count;
    },
    endPiece: () => {
      const { at, count } = piece;
      piece = { at: size, count: 0 };
      return size > at ? { at, length: size - at, count } : undefined;
    },
    addDirectory: (directory) => void directories.push(directory),
    finish: (format, cacheDir) => {
      const boot = bootOfMachine();
      body.close((skewMs) => {
        const stamp = `${BigInt(Math.floor(startMs + skewMs)) * 1_000_000n}`;
        return closing({ version: 2, format, cache_dir: cacheDir, boot, stamp, directories });
      });
    },
  };
}

/** Header and footer, behind the body: their contents are known last. */
function closing(header: IndexHeader): Buffer {
  const bytes = Buffer.from(JSON.stringify(header), 'utf8');
  const footer = Buffer.alloc(FOOTER);
  MAGIC.copy(footer);
  footer.writeBigUInt64LE(BigInt(bytes.length), MAGIC.length);
  return Buffer.concat([bytes, footer]);
}

interface Target {
  readonly file: string;
  readonly temporary: string;
  readonly fd: number;
  /** By how much the file system's clock is ahead of ours. */
  readonly skewMs: number;
}

interface Body {
  readonly write: (bytes: Uint8Array, count: number) => void;
  readonly close: (ending: (skewMs: number) => Uint8Array) => void;
}

/** Holds what is written until the index is worth a file; the first failure ends it without a trace. */
function createBody(makeFile: () => string | undefined): Body {
  const state: { held: Uint8Array[]; entries: number; target: Target | 'none' | undefined } = {
    held: [],
    entries: 0,
    target: undefined,
  };
  const put = (bytes: Uint8Array) => {
    if (typeof state.target !== 'object') return;
    try {
      fs.writeSync(state.target.fd, bytes);
    } catch {
      discard(state.target);
      state.target = 'none';
    }
  };
  return {
    write: (bytes, count) => {
      state.entries += count;
      if (state.target !== undefined) put(bytes);
      else state.held.push(Uint8Array.from(bytes));
      if (state.target !== undefined || state.entries < WORTH_ENTRIES) return;
      state.target = openTarget(makeFile) ?? 'none';
      for (const waiting of state.held.splice(0)) put(waiting);
    },
    close: (ending) => {
      if (typeof state.target === 'object') put(ending(state.target.skewMs));
      if (typeof state.target === 'object') publish(state.target);
    },
  };
}

function discard({ fd, temporary }: Target): void {
  fs.closeSync(fd);
  fs.rmSync(temporary, { force: true });
}

function publish({ fd, file, temporary }: Target): void {
  fs.closeSync(fd);
  renameQuietly(temporary, file);
}

function openTarget(makeFile: () => string | undefined): Target | undefined {
  try {
    const file = makeFile();
    if (file === undefined) return undefined;
    const temporary = `${file}.tmp.${process.pid}.${process.hrtime.bigint()}`;
    const fd = fs.openSync(temporary, 'wx', 0o666);
    return { file, temporary, fd, skewMs: fs.fstatSync(fd).mtimeMs - Date.now() };
  } catch {
    return undefined;
  }
}

function renameQuietly(from: string, to: string): void {
  try {
    fs.renameSync(from, to);
  } catch {
    fs.rmSync(from, { force: true });
  }
}

function bootOfMachine(): string {
  try {
    return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch {
    return '';
  }
}
