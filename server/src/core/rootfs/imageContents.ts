// The digest of an image file's contents, for those who know it: unpacking a damaged file may well end without a complaint.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { RootfsFailure } from '../../model/rootfs.ts';

/** Reads the whole file. Throws E_DIGEST when it is another one, E_IMAGE when it cannot be read, and the signal's reason. */
export async function requireContents(image: string, expected: string, signal?: AbortSignal): Promise<void> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(image), hash, signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw new RootfsFailure('E_IMAGE', { image, cause: (error as Error).message }, error);
  }
  const found = hash.digest('hex');
  if (found === expected.replace(/^sha256:/, '').toLowerCase()) return;
  throw new RootfsFailure('E_DIGEST', { image, cause: `its contents are sha256:${found}, not ${expected}` });
}
