// Content digests of local images, which enter the key of prepared images (cache contract, section 2.2). A file is hashed again
// only when its device, inode, size or times changed: hpc-compose hashes gigabytes on every command.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { FINGERPRINT_UNAVAILABLE } from '../plan/keys.ts';

export interface Fingerprints {
  /** `sha256:…` of the file's content, links followed; the literal for files that cannot be read. */
  of(path: string, signal?: AbortSignal): Promise<string>;
}

interface Known {
  readonly stamp: string;
  readonly digest: string;
}

/** A memo of digests that lives as long as its owner. */
export function createFingerprints(): Fingerprints {
  const known = new Map<string, Known>();
  return {
    of: async (path, signal) => {
      const stamp = await stampOf(path);
      if (stamp === undefined) return FINGERPRINT_UNAVAILABLE;
      const before = known.get(path);
      if (before?.stamp === stamp) return before.digest;
      const digest = await hashFile(path, signal);
      const unchanged = (await stampOf(path)) === stamp;
      if (unchanged && digest !== FINGERPRINT_UNAVAILABLE) known.set(path, { stamp, digest });
      return digest;
    },
  };
}

async function hashFile(path: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  try {
    const stream = createReadStream(path, { highWaterMark: 1 << 20, ...(signal ? { signal } : {}) });
    for await (const chunk of stream) hash.update(chunk as Buffer);
  } catch {
    signal?.throwIfAborted();
    return FINGERPRINT_UNAVAILABLE;
  }
  return `sha256:${hash.digest('hex')}`;
}

async function stampOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch {
    return undefined;
  }
}
