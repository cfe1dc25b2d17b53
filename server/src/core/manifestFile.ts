// Reads manifests from disk without ever blocking: no pipes, no devices, nothing bigger than a manifest can be.
// Says in one sentence what is wrong with a file that cannot be used.
import fs from 'node:fs';
import type { Manifest } from '../model/cache.ts';
import { MANIFEST_SIZE_LIMIT } from './manifest.ts';
import { matchManifestTimes } from './manifestLayout.ts';
import { parseManifest } from './manifestText.ts';

export type ManifestRead = { readonly manifest: Manifest } | { readonly problem: string };

/** Says by its times alone, seconds since the epoch, that an entry is of no interest. */
export type SkipByTimes = (lastUsedAt: number, createdAt: number) => boolean;

/** Gives bytes that are valid until the next call, what is wrong with the file, or undefined when there is none. */
export type BytesReader = (path: string) => Buffer | { readonly problem: string } | undefined;

/** A reader with a buffer of its own: three system calls a file and no allocation. */
export function createBytesReader(): BytesReader {
  const buffer = Buffer.allocUnsafeSlow(MANIFEST_SIZE_LIMIT + 1);
  return (path) => {
    let fd: number | undefined;
    try {
      fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
      const length = fs.readSync(fd, buffer, 0, buffer.length, 0);
      return length > MANIFEST_SIZE_LIMIT
        ? { problem: `the manifest is bigger than ${MANIFEST_SIZE_LIMIT} bytes` }
        : buffer.subarray(0, length);
    } catch (error) {
      return readProblem(error);
    } finally {
      if (fd !== undefined) fs.closeSync(fd);
    }
  };
}

/** A file that vanished, also one of a network file system, is no problem: somebody removed it. */
function readProblem(error: unknown): { problem: string } | undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ESTALE' || code === 'ENOTDIR') return undefined;
  if (['ESPIPE', 'EAGAIN', 'ENXIO', 'EISDIR'].includes(code ?? ''))
    return { problem: 'the manifest is not a regular file' };
  return { problem: `the manifest cannot be read (${code ?? String(error)})` };
}

/** Reads and checks one manifest. Undefined when there is none (any more), or when it is skipped. */
export function readEntryManifest(
  path: string,
  read: BytesReader,
  skip?: SkipByTimes,
): ManifestRead | undefined {
  const bytes = read(path);
  if (bytes === undefined) return undefined;
  if (!Buffer.isBuffer(bytes)) return bytes;
  const plain = bytes.toString('latin1');
  const times = matchManifestTimes(plain);
  if (times) {
    const skipped = skip?.(times.lastUsedAt, times.createdAt) ?? false;
    return skipped ? undefined : { manifest: JSON.parse(plain) as Manifest };
  }
  const result = parseUnusual(bytes);
  if (skip && 'manifest' in result && skip(result.manifest.last_used_at, result.manifest.created_at))
    return undefined;
  return result;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Checks bytes as strictly as hpc-compose does: UTF-8, JSON, no key twice, every field of its type. */
export function parseManifestBytes(bytes: Buffer): ManifestRead {
  const plain = bytes.toString('latin1');
  return matchManifestTimes(plain) ? { manifest: JSON.parse(plain) as Manifest } : parseUnusual(bytes);
}

function parseUnusual(bytes: Buffer): ManifestRead {
  const text = decodeUtf8(bytes);
  if (text === undefined) return { problem: 'the manifest cannot be used: it is not UTF-8 text' };
  const result = parseManifest(text);
  return typeof result === 'string'
    ? { problem: `the manifest cannot be used: ${result}` }
    : { manifest: result };
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
