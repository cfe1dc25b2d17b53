// Says who makes the scratch files of a running prepare, so that a sweep can prove the owner dead before it removes anything:
// pid alone is not enough, since numbers come again and other machines share the cache.
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { unlinkQuietly, type FileSystem } from './files.ts';
import { makeSidecarDirectory, sidecarPath, writeSidecarFile } from './sidecar.ts';

/** A file below `<cache>/.hpc-compose-vscode/owners/`, there while the owner works. */
export interface OwnerRecord {
  readonly schema_version: 1;
  readonly pid: number;
  /** Clock ticks between boot and the start of the process, as in /proc/PID/stat. */
  readonly start_time: string;
  readonly boot_id: string;
  /** Name space of process ids: in a container the same number is another process. */
  readonly pid_space: string;
  readonly host: string;
  /** Seconds since the epoch. */
  readonly started_at: number;
  /** Directories made for this run alone. */
  readonly scratch: readonly string[];
}

export type OwnerIdentity = Pick<OwnerRecord, 'pid' | 'start_time' | 'boot_id' | 'pid_space' | 'host'>;

/** Folder of owner records inside a cache. */
export function ownersFolderOf(cacheDir: string): string {
  return sidecarPath(cacheDir, 'owners');
}

/** What this process is known by. Empty strings where /proc is absent. */
export function thisOwner(): OwnerIdentity {
  const here = { boot_id: bootId(), pid_space: pidSpace(), host: hostname() };
  return { pid: process.pid, start_time: startTimeOf(process.pid), ...here };
}

/**
 * Writes the record of a run. Gives a function that removes it again. Best effort: where it cannot be written the run goes
 * on, and its leftovers can only be removed by age.
 */
export function recordOwner(
  cacheDir: string,
  scratch: readonly string[],
  now: number,
  files: FileSystem,
): () => void {
  const owner = thisOwner();
  const record: OwnerRecord = { schema_version: 1, ...owner, started_at: now, scratch };
  const unique = `${owner.host}-${owner.pid}-${process.hrtime.bigint()}`;
  const path = join(ownersFolderOf(cacheDir), `${unique.replace(/[^\w.-]/g, '_')}.owner`);
  try {
    makeSidecarDirectory(cacheDir, 'owners');
    // By rename: a record that is there is whole, also when its writer was killed here.
    writeSidecarFile(path, JSON.stringify(record));
  } catch {
    unlinkQuietly(files, path);
  }
  return () => unlinkQuietly(files, path);
}

/** True only when the owner is proved dead: same machine, and either it was restarted or the process is another one now. */
export function isOwnerDead(record: OwnerIdentity): boolean {
  const here = bootId();
  if (record.host !== hostname() || here === '' || record.boot_id === '') return false;
  if (record.boot_id !== here) return true;
  return record.pid_space === pidSpace() && startTimeOf(record.pid) !== record.start_time;
}

function startTimeOf(pid: number): string {
  try {
    // The name in parentheses may hold anything; the start time is field 22, the 20th after it.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function pidSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
