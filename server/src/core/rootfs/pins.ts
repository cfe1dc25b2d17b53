// Names and images that are never evicted automatically: one small file per user, replaced as a whole under its own lock.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import type { UserLayout } from './layout.ts';
import { takeLock } from './lockFiles.ts';
import { RootfsFailure } from '../../model/rootfs.ts';
import type { ScannedRecord } from './recordIndex.ts';
import type { RootfsPorts } from './rootfsPorts.ts';

const WAIT_SECONDS = 10;

/** What is pinned; nothing when there is no list or it cannot be read. */
export function readPins(layout: UserLayout): ReadonlySet<string> {
  try {
    const value: unknown = JSON.parse(fs.readFileSync(layout.pins, 'utf8'));
    return new Set(Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []);
  } catch {
    return new Set();
  }
}

/** True when a list of names, images or image files covers this entry. */
export function isPinned(
  pins: ReadonlySet<string>,
  name: string,
  record: Pick<ScannedRecord, 'image' | 'source'> | undefined,
): boolean {
  if (pins.size === 0) return false;
  const words = [name, record?.image, record?.source];
  return words.some((word) => word !== undefined && pins.has(word));
}

/** Adds and removes pins. Gives the new list. Throws E_LOCK_TIMEOUT and what writing gave. */
export async function changePins(
  layout: UserLayout,
  change: { readonly add?: readonly string[]; readonly remove?: readonly string[] },
  ports: RootfsPorts,
): Promise<string[]> {
  const path = `${layout.pins}.lock`;
  const lock = await takeLock({ path, mode: 'exclusive', wait: WAIT_SECONDS, create: true }, ports);
  if (typeof lock === 'string')
    throw new RootfsFailure('E_LOCK_TIMEOUT', {
      name: layout.pins,
      seconds: WAIT_SECONDS,
      holder: 'not visible',
    });
  try {
    const pins = new Set([...readPins(layout), ...(change.add ?? [])]);
    for (const name of change.remove ?? []) pins.delete(name);
    const temporary = `${layout.pins}.${randomBytes(6).toString('hex')}.tmp`;
    fs.writeFileSync(temporary, `${JSON.stringify([...pins])}\n`, { mode: 0o600, flag: 'wx' });
    fs.renameSync(temporary, layout.pins);
    return [...pins];
  } finally {
    lock.release();
  }
}
