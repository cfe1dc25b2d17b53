// Reads a manifest from disk without ever blocking: no pipes, no devices, nothing bigger than a manifest can be.
// Says in one sentence what is wrong with a file that cannot be used.
import fs from 'node:fs';
import type { Manifest } from '../model/cache.ts';
import { MANIFEST_SIZE_LIMIT } from './manifest.ts';
import { parseManifest } from './manifestText.ts';

export type ManifestRead = { readonly manifest: Manifest } | { readonly problem: string };

/** Bytes of a manifest, or what is wrong with the file. Undefined when there is none. */
export function readManifestBytes(path: string): Buffer | { readonly problem: string } | undefined {
  let fd: number | undefined;
  try {
    fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    const stat = fs.fstatSync(fd);
    if (!stat.isFile()) return { problem: 'the manifest is not a regular file' };
    if (stat.size > MANIFEST_SIZE_LIMIT) return { problem: `the manifest is too big (${stat.size} bytes)` };
    const buffer = Buffer.allocUnsafe(stat.size);
    return buffer.subarray(0, fs.readSync(fd, buffer, 0, stat.size, 0));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESTALE') return undefined;
    return { problem: `the manifest cannot be read (${code ?? String(error)})` };
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

/** Reads and checks a manifest. Undefined when there is none (any more). */
export function readEntryManifest(path: string): ManifestRead | undefined {
  const bytes = readManifestBytes(path);
  if (bytes === undefined) return undefined;
  return Buffer.isBuffer(bytes) ? parseManifestBytes(bytes) : bytes;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Checks bytes as strictly as hpc-compose does: UTF-8, JSON, no key twice, every field of its type. */
export function parseManifestBytes(bytes: Uint8Array): ManifestRead {
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
