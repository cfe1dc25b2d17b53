// Writes commit records. Readers see the old one or the new one, never a part.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { metaPath, type UserLayout } from './layout.ts';
import { serialiseMetadata, type RootfsMetadata } from './metadata.ts';

/** Writes a record by a temporary file and a rename; the bytes are on disk before the name is. */
export function storeMetadata(layout: UserLayout, name: string, metadata: RootfsMetadata): void {
  const path = metaPath(layout, name);
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const fd = fs.openSync(temporary, 'wx', 0o600);
    try {
      fs.writeSync(fd, serialiseMetadata(metadata));
      if (metadata.synced) fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(temporary, path);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}

/** Tells one boot of this node from another; the empty string where the kernel does not say. */
export function bootId(): string {
  try {
    return fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
