// What unpacking a squashfs image will take. Inodes come from its superblock, bytes from unsquashfs's listing where that
// tool is there. A truncated or foreign file is refused before anything is written. Source: rootfs contract, section 2.6 A5.
import fs from 'node:fs';
import { RootfsFailure } from '../../model/rootfs.ts';
import { plainEnvironment } from '../plainEnvironment.ts';
import type { RootfsPorts } from './rootfsPorts.ts';

export interface UnpackForecast {
  /** `listing`: within 2 % of what is allocated, more where files have holes, which no listing tells: an upper bound then. */
  readonly bytes: number;
  readonly inodes: number;
  /** `superblock`: no listing was to be had; bytes are a lower bound. */
  readonly source: 'listing' | 'superblock';
}

const SUPERBLOCK = 96;
const BLOCK = 4096;
/** Longer targets of symbolic links take a block of their own. */
const INLINE_LINK = 60;

/** Forecasts allocated bytes and inodes. Throws E_IMAGE. */
export async function forecastUnpack(
  image: string,
  ports: RootfsPorts,
  signal?: AbortSignal,
): Promise<UnpackForecast> {
  const { inodes, bytesUsed } = readSuperblock(image);
  const bytes = await sumListing(image, inodes, ports, signal);
  return bytes === undefined
    ? { bytes: bytesUsed, inodes, source: 'superblock' }
    : { bytes, inodes, source: 'listing' };
}

/** Inodes and length as the superblock of a squashfs 4.0 image says. Throws E_IMAGE. */
export function readSuperblock(image: string): { inodes: number; bytesUsed: number } {
  const refuse = (cause: string) => new RootfsFailure('E_IMAGE', { image, cause });
  const head = Buffer.alloc(SUPERBLOCK);
  let size;
  try {
    const fd = fs.openSync(image, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    try {
      const stat = fs.fstatSync(fd);
      if (!stat.isFile()) throw refuse('it is not a file.');
      size = stat.size;
      if (fs.readSync(fd, head, 0, SUPERBLOCK, 0) < SUPERBLOCK) throw refuse('it is too short.');
    } finally {
      fs.closeSync(fd);
    }
  } catch (error) {
    if (error instanceof RootfsFailure) throw error;
    throw refuse(
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'it does not exist.' : (error as Error).message,
    );
  }
  if (head.toString('latin1', 0, 4) !== 'hsqs' || head.readUInt16LE(28) !== 4)
    throw refuse('it does not begin like one (squashfs 4.0).');
  const bytesUsed = Number(head.readBigUInt64LE(40));
  if (size < bytesUsed) throw refuse(`it ends after ${size} of ${bytesUsed} bytes.`);
  return { inodes: head.readUInt32LE(4), bytesUsed };
}

async function sumListing(
  image: string,
  inodes: number,
  ports: RootfsPorts,
  signal?: AbortSignal,
): Promise<number | undefined> {
  let bytes = 0;
  let lines = 0;
  const repeated = new Map<string, { readonly bytes: number; times: number }>();
  const result = await ports.run({
    command: 'unsquashfs',
    args: ['-lln', image],
    env: plainEnvironment(ports.env),
    onLine: (line, stream) => {
      const allocated = stream === 'stdout' ? allocatedBytes(line) : undefined;
      if (allocated === undefined) return;
      bytes += allocated;
      lines++;
      if (allocated > 0 && line.startsWith('-')) countLike(line, allocated, repeated);
    },
    ...(signal ? { signal } : {}),
  });
  if (result.exitCode !== 0 || lines === 0) return undefined;
  return bytes - secondNames(lines - inodes, [...repeated.values()]);
}

/** Lines are alike when everything but the name is the same: mode, owner, size and time. */
function countLike(
  line: string,
  bytes: number,
  repeated: Map<string, { bytes: number; times: number }>,
): void {
  const key = /^.{10}\s+\S+\s+\d+ \S+ \S+/.exec(line)?.[0] ?? line;
  const group = repeated.get(key);
  if (group) group.times++;
  else repeated.set(key, { bytes, times: 1 });
}

/**
 * Bytes that are listed once more for each further name of a file: a listing has a line for a name, the superblock counts files.
 * Which names are meant is not told, so the biggest of those that look alike count.
 */
function secondNames(
  count: number,
  groups: readonly { readonly bytes: number; readonly times: number }[],
): number {
  let left = count;
  let sum = 0;
  for (const { bytes, times } of groups.toSorted((a, b) => b.bytes - a.bytes)) {
    const taken = Math.max(0, Math.min(left, times - 1));
    left -= taken;
    sum += taken * bytes;
  }
  return sum;
}

/** A directory of many names: blocks on disk are about three quarters full. */
function directoryBytes(size: number): number {
  return size <= BLOCK ? BLOCK : Math.ceil((size * 4) / 3 / BLOCK) * BLOCK;
}

/** Bytes that one line of `unsquashfs -lln` will take on disk, or undefined for other lines. */
export function allocatedBytes(line: string): number | undefined {
  const match = /^([-dlcbps])[-rwxsStT]{9}\s+\d+\/\d+\s+(\d+)(?:,\s*\d+)?\s/.exec(line);
  if (!match) return undefined;
  const size = Number(match[2]);
  if (match[1] === '-') return Math.ceil(size / BLOCK) * BLOCK;
  if (match[1] === 'd') return directoryBytes(size);
  return match[1] === 'l' && size >= INLINE_LINK ? BLOCK : 0;
}
