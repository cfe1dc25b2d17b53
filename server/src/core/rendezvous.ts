// Rendezvous records in a cache: register, resolve, list, prune (cache contract, section 8). One damaged file never hides the
// others, and a record is removed only while it still is the one that was judged.
import * as fs from 'node:fs';
import { compareBytes } from '../model/byteOrder.ts';
import { OperationFailure } from '../model/failure.ts';
import type {
  RendezvousEntry,
  RendezvousPruneResult,
  RendezvousRecord,
  RendezvousState,
} from '../model/rendezvous.ts';
import { samePath } from '../model/paths.ts';
import { errnoOf, makeDirectories } from './files.ts';
import { ioFailure } from './ioFailure.ts';
import {
  buildRecord,
  isExpired,
  nameProblem,
  readRecord,
  recordFileName,
  recordText,
  type RegisterRequest,
} from './rendezvousRecord.ts';
import { readRecordFile, removeRecordIf, replaceRecordFile } from './rendezvousFile.ts';

const LATEST = 'latest.json';

/** Writes a record and its copy `latest.json`, in that order. Gives the record's file. */
export function registerRendezvous(
  cacheDir: string,
  request: RegisterRequest,
  now: number,
): { readonly record: RendezvousRecord; readonly file: string } {
  const record = buildRecord(cacheDir, request, now);
  const directory = `${cacheDir}/rendezvous/${record.name}`;
  const file = `${directory}/${recordFileName(record)}`;
  try {
    makeDirectories(directory);
    replaceRecordFile(file, recordText(record));
    replaceRecordFile(`${directory}/${LATEST}`, recordText(record));
  } catch (error) {
    throw ioFailure(error, directory);
  }
  return { record, file };
}

/** The live latest record of a name. Throws 'rendezvous-missing' or 'rendezvous-invalid' saying why there is none. */
export function resolveRendezvous(cacheDir: string, name: string, now: number): RendezvousRecord {
  const problem = nameProblem(name);
  if (problem !== undefined) throw new OperationFailure('rendezvous-invalid', { cause: problem });
  const entry = readEntry(cacheDir, name, LATEST, now);
  const root = `${cacheDir}/rendezvous`;
  if (entry?.state === 'live' && entry.record) return entry.record;
  if (entry?.state === 'damaged') {
    const cause = `${entry.file} is damaged: ${entry.problem ?? ''}`;
    throw new OperationFailure('rendezvous-invalid', { cause });
  }
  const why = {
    none: 'nothing was registered',
    live: '',
    damaged: '',
    expired: `the latest record has expired${olderLive(cacheDir, name, now)}`,
    elsewhere: `the latest record was written for ${entry?.record?.cache_dir ?? 'another directory'}`,
  }[entry?.state ?? 'none'];
  throw new OperationFailure('rendezvous-missing', { name, path: root, why });
}

/** Older records never stand in (cache contract, section 8), but people want to know of them. */
function olderLive(cacheDir: string, name: string, now: number): string {
  const { entries } = listRendezvous(cacheDir, now);
  const live = entries.find((entry) => entry.name === name && entry.state === 'live');
  return live ? `; ${live.file} still lives, its job can register again` : '';
}

/** Every record file, by name and file; live or not. A missing cache is empty. */
export function listRendezvous(cacheDir: string, now: number): RendezvousState {
  const entries = namesIn(cacheDir).flatMap((name) =>
    filesIn(`${cacheDir}/rendezvous/${name}`).flatMap((file) => readEntry(cacheDir, name, file, now) ?? []),
  );
  return { schema_version: 1, cache_dir: cacheDir, entries };
}

/** The records that clients can use: live latest ones, sorted by name. */
export function liveRecords({ entries }: RendezvousState): RendezvousRecord[] {
  return entries.flatMap(({ latest, state, record }) =>
    latest && state === 'live' && record ? [record] : [],
  );
}

export interface RendezvousPruneChoice {
  /** Also remove files that cannot be read as records. */
  readonly damaged?: boolean;
  /** Also remove every record of this job, expired or not. */
  readonly jobId?: string;
}

/**
 * Removes expired records, and on request damaged ones or those of one job. Others' newer records are never
 * touched, nor anything behind a link. */
export function pruneRendezvous(
  cacheDir: string,
  now: number,
  choice: RendezvousPruneChoice = {},
): RendezvousPruneResult {
  const result: RendezvousPruneResult = { schema_version: 1, cache_dir: cacheDir, removed: [], failed: [] };
  if (!fs.lstatSync(`${cacheDir}/rendezvous`, { throwIfNoEntry: false })?.isDirectory()) return result;
  const unwanted = (text: string) => isUnwanted(text, cacheDir, now, choice);
  for (const { file } of listRendezvous(cacheDir, now).entries) {
    try {
      if (removeRecordIf(file, unwanted)) result.removed.push(file);
    } catch (error) {
      result.failed.push({ path: file, code: errnoOf(error) ?? String(error) });
    }
  }
  result.removed.sort(compareBytes);
  removeOldEmptyFolders(cacheDir, now);
  return result;
}

function isUnwanted(text: string, cacheDir: string, now: number, choice: RendezvousPruneChoice): boolean {
  const record = readRecord(text);
  if (typeof record === 'string') return choice.damaged === true;
  if (!samePath(record.cache_dir, cacheDir)) return false;
  return isExpired(record, now) || record.job_id === choice.jobId;
}

function readEntry(cacheDir: string, name: string, file: string, now: number): RendezvousEntry | undefined {
  const full = `${cacheDir}/rendezvous/${name}/${file}`;
  const about = { name, file: full, latest: file === LATEST };
  const record = readFile(full);
  if (record === undefined) return undefined;
  if (typeof record === 'string') {
    return { ...about, state: 'damaged', expires_at: null, record: null, problem: record };
  }
  const here = samePath(record.cache_dir, cacheDir);
  const state = !here ? 'elsewhere' : isExpired(record, now) ? 'expired' : 'live';
  return { ...about, state, expires_at: record.registered_at + record.ttl_seconds, record };
}

/** The record, what is wrong with it, or undefined when the file is gone. */
function readFile(file: string): RendezvousRecord | string | undefined {
  try {
    return readRecord(readRecordFile(file));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    if (errno === 'EINVAL') return 'it is no plain file, or too big for a record';
    return `it cannot be read (${errno ?? String(error)})`;
  }
}

function namesIn(cacheDir: string): string[] {
  try {
    return fs
      .readdirSync(`${cacheDir}/rendezvous`, { withFileTypes: true })
      .flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
      .sort(compareBytes);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return [];
    throw ioFailure(error, `${cacheDir}/rendezvous`);
  }
}

function filesIn(directory: string): string[] {
  try {
    return fs
      .readdirSync(directory)
      .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
      .sort(compareBytes);
  } catch {
    return [];
  }
}

const HOUR = 3600;

/** A folder that was just emptied may be about to be used again: only those that stayed empty for an hour go. */
function removeOldEmptyFolders(cacheDir: string, now: number): void {
  for (const name of namesIn(cacheDir)) {
    const directory = `${cacheDir}/rendezvous/${name}`;
    try {
      if (now - fs.lstatSync(directory).mtimeMs / 1000 > HOUR) fs.rmdirSync(directory);
    } catch {
      // Not empty, or gone: nothing to do.
    }
  }
}
