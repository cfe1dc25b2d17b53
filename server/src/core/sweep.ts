// Leftovers of builds that died: staging files, temporary manifests, scratch folders, half-made root file systems. Only those
// whose owner is provably dead are named: no process here has its id or mentions it, and on shared file systems, where the
// owner may live on another machine, nothing has touched it for a day.
import fs from 'node:fs';
import path from 'node:path';
import { namesIn, lstatOrNothing } from './diskUsage.ts';
import { isNetworkFileSystem } from './fileSystemKind.ts';
import type { LockPorts } from './locks.ts';
import { buildLockPathOf, manifestLockPathOf, tryLocks } from './locks.ts';
import { isOwnerDead, ownersFolderOf, type OwnerRecord } from './owner.ts';
import { openBelow, openDirectory } from './prune/insideDirectory.ts';
import { removeTree } from './prune/removeTree.ts';
import { isOwnFolder, makeSidecarDirectory, readSidecarJson, sidecarNames, sidecarPath } from './sidecar.ts';
import { readProcessTable, type ProcessTable } from './processTable.ts';

export interface Leftover {
  readonly path: string;
  /** A sentence for people. */
  readonly reason: string;
  /** Locks that the owner would hold while it works; the leftover may go only while we hold them. */
  readonly locks: readonly string[];
}

export interface SweepResult {
  readonly removed: readonly string[];
  readonly bytes: number;
}

interface Pattern {
  /** Folder below the cache. */
  readonly folder: string;
  readonly name: RegExp;
  /** Every such name holds this. Nearly no name in a big folder does, and a search for it costs a tenth of a match. */
  readonly mark: string;
  readonly what: string;
  /** Locks of the owner, from the folder's path and the match. */
  readonly locks?: (folder: string, match: RegExpExecArray) => string[];
}

const IMAGE_FOLDERS = ['base', 'prepared'];
const STAGED_FOLDERS = ['datasets', 'models', 'source'];

/** Names as in the cache contract, section 0; the group `pid` is the owner. */
const PATTERNS: readonly Pattern[] = [
  ...IMAGE_FOLDERS.flatMap((folder): Pattern[] => [
    {
      folder,
      name: /^\.(?<stem>.+)\.hpc-compose-stage-(?<pid>\d+)-(?<nanos>\d+)-\d+(?<extension>\.[a-z]+)$/s,
      mark: '.hpc-compose-stage-',
      what: 'staging file of a build',
      locks: (at, { groups }) => [buildLockPathOf(`${at}/${groups?.stem ?? ''}${groups?.extension ?? ''}`)],
    },
    {
      folder,
      name: /^(?<artifact>.+)\.json\.tmp\.(?<pid>\d+)\.\d+\.\d+\.\d+$/s,
      mark: '.json.tmp.',
      what: 'temporary file of a manifest',
      locks: (at, { groups }) => [manifestLockPathOf(`${at}/${groups?.artifact ?? ''}`)],
    },
  ]),
  ...STAGED_FOLDERS.flatMap((folder): Pattern[] => [
    {
      folder,
      name: /^.+\.staging\.(?<pid>\d+)\.\d+\.(?<nanos>\d+)$/s,
      mark: '.staging.',
      what: 'unfinished staged directory',
    },
    {
      folder,
      name: /^.+\.json\.tmp\.(?<pid>\d+)\.\d+\.\d+\.\d+$/s,
      mark: '.json.tmp.',
      what: 'temporary file of a manifest',
    },
    {
      folder,
      name: /^\.hpc-compose-removing-(?<pid>\d+)-.+$/s,
      mark: '.hpc-compose-removing-',
      what: 'directory whose removal was interrupted',
    },
    {
      folder,
      name: /^\.hf-stage\.[A-Za-z0-9]+$/,
      mark: '.hf-stage.',
      what: 'unfinished download of a job',
    },
  ]),
  {
    folder: 'prepared',
    name: /^hpc-compose-.*-(?<pid>\d+)-(?<nanos>\d+)-\d+\.sandbox$/s,
    mark: '.sandbox',
    what: 'build sandbox',
  },
  {
    folder: 'enroot/tmp',
    name: /^hpc-compose-enroot-(?<pid>\d+)(?:-\d+)?$/,
    mark: 'hpc-compose-enroot-',
    what: 'scratch folder of a prepare',
  },
  {
    folder: 'enroot/data',
    name: /^hpc-compose-.*-(?<pid>\d+)-(?<nanos>\d+)-\d+$/s,
    mark: 'hpc-compose-',
    what: 'root file system of a build',
  },
];

const DAY_MS = 24 * 3600 * 1000;

interface Owner {
  /** Of the record itself. */
  readonly file: string;
  readonly record: OwnerRecord;
  readonly dead: boolean;
}

interface Evidence {
  readonly owners: readonly Owner[];
  readonly kept: ReadonlySet<string>;
  readonly processes: ProcessTable;
  readonly shared: boolean;
  readonly nowMs: number;
}

/** Leftovers whose owner is dead, as far as this machine can prove it. Reads only. */
export function findLeftovers(cacheDir: string): Leftover[] {
  const folders = new Set(PATTERNS.map(({ folder }) => folder));
  const found = [...folders].flatMap((below) =>
    matches(
      cacheDir,
      below,
      PATTERNS.filter(({ folder }) => folder === below),
    ),
  );
  if (found.length === 0) return [];
  const evidence = {
    owners: readOwners(cacheDir),
    kept: new Set(sidecarNames(sidecarPath(cacheDir, 'kept'))),
    processes: readProcessTable(),
    shared: isNetworkFileSystem(cacheDir),
    nowMs: Date.now(),
  };
  return found
    .filter(({ file, match }) => isDead(file, match, evidence))
    .map(({ file, match, pattern }) => ({
      path: file,
      reason: `${pattern.what} that ended`,
      locks: pattern.locks?.(path.dirname(file), match) ?? [],
    }));
}

/** Names of the locks that the owner of a leftover would hold, beside it. For the names of other files: none. */
export function ownerLocksOf(file: string): string[] {
  for (const pattern of PATTERNS) {
    const match = pattern.locks && pattern.name.exec(path.basename(file));
    if (match) return pattern.locks('', match).map((lock) => path.basename(lock));
  }
  return [];
}

interface Match {
  readonly file: string;
  readonly match: RegExpExecArray;
  readonly pattern: Pattern;
}

/** True for the name of a leftover in a folder, given relative to the cache; whether its owner lives is another question. */
export function isLeftoverName(folder: string, name: string): boolean {
  return PATTERNS.some((pattern) => pattern.folder === folder && pattern.name.test(name));
}

/** Names in one folder that fit one of its patterns. A folder of a big cache takes long to read: once for all patterns. */
function matches(cacheDir: string, below: string, patterns: readonly Pattern[]): Match[] {
  const folder = `${cacheDir}/${below}`;
  // Also the folder above: a store that is a link leads out of the cache.
  const parents = below.includes('/') ? [path.dirname(folder), folder] : [folder];
  if (!parents.every((at) => lstatOrNothing(at)?.isDirectory())) return [];
  const found: Match[] = [];
  for (const name of namesIn(folder))
    for (const pattern of patterns) {
      const match = name.includes(pattern.mark) ? pattern.name.exec(name) : null;
      if (match) found.push({ file: `${folder}/${name}`, match, pattern });
    }
  return found;
}

function isDead(file: string, match: RegExpExecArray, evidence: Evidence): boolean {
  const { pid, nanos } = match.groups ?? {};
  const stat = lstatOrNothing(file);
  const owner = evidence.owners.find(({ record }) => record.scratch.includes(file));
  if (owner) return owner.dead && !evidence.processes.mentions(file);
  if (!stat || evidence.kept.has(path.basename(file)) || evidence.processes.mentions(path.basename(file)))
    return false;
  const untouched = evidence.nowMs - Math.max(stat.mtimeMs, stat.ctimeMs);
  if (pid === undefined) return untouched > DAY_MS;
  const bornMs = nanos === undefined ? stat.ctimeMs : Number(BigInt(nanos) / 1_000_000n);
  if (evidence.processes.mayOwn(Number(pid), bornMs)) return false;
  if (evidence.owners.some(({ record, dead }) => record.pid === Number(pid) && !dead)) return false;
  return !evidence.shared || untouched > DAY_MS;
}

/** What running prepares of ours wrote down about themselves; proof across machines, where ids alone are none. */
function readOwners(cacheDir: string): Owner[] {
  const folder = ownersFolderOf(cacheDir);
  return sidecarNames(folder).flatMap((name) => {
    const file = path.join(folder, name);
    const record = readSidecarJson(file) as Partial<OwnerRecord> | undefined;
    if (typeof record?.pid !== 'number' || !Array.isArray(record.scratch)) return [];
    const whole = record as OwnerRecord;
    return [{ file, record: whole, dead: isOwnerDead(whole) }];
  });
}

/** A record is of no use once its owner is dead and nothing of it is left. */
function forgetDeadOwners(cacheDir: string): void {
  if (!isOwnFolder(cacheDir, 'owners')) return;
  for (const { file, record, dead } of readOwners(cacheDir)) {
    if (dead && record.scratch.every((scratch) => !fs.existsSync(scratch))) fs.rmSync(file, { force: true });
  }
}

/**
 * Removes leftovers whose owner is dead, each under the locks that its owner would hold; one that is locked stays. Failures
 * to remove are left for the next sweep.
 */
export async function sweepCache(cacheDir: string, ports: LockPorts): Promise<SweepResult> {
  const removed: string[] = [];
  let bytes = 0;
  for (const leftover of findLeftovers(cacheDir)) {
    const freed = await sweepOne(cacheDir, leftover, ports);
    if (freed === undefined) continue;
    removed.push(leftover.path);
    bytes += freed;
  }
  forgetDeadOwners(cacheDir);
  sweepOwnTemporaries(cacheDir, readProcessTable());
  return { removed, bytes };
}

async function sweepOne(cacheDir: string, leftover: Leftover, ports: LockPorts): Promise<number | undefined> {
  const attempts = await tryLocks(leftover.locks, ports);
  const held = attempts.filter((attempt) => typeof attempt === 'object' && 'release' in attempt);
  try {
    if (held.length !== attempts.length) return undefined;
    return await removeInside(cacheDir, leftover.path);
  } catch {
    return undefined;
  } finally {
    for (const lock of held) lock.release();
  }
}

/** Through folders held open: one swapped for a link meanwhile leads nowhere else. */
async function removeInside(cacheDir: string, file: string): Promise<number> {
  const real = fs.realpathSync(cacheDir);
  const root = openDirectory(real);
  try {
    const folder = openBelow(root, real, path.relative(cacheDir, path.dirname(file)));
    try {
      return await removeTree(folder, path.basename(file));
    } finally {
      folder.close();
    }
  } finally {
    root.close();
  }
}

/** Marks a leftover that was asked to be kept (--keep-failed-prep): no sweep and no prune takes it. Throws system errors. */
export function keepLeftover(cacheDir: string, leftover: string): void {
  const folder = makeSidecarDirectory(cacheDir, 'kept');
  fs.writeFileSync(path.join(folder, path.basename(leftover)), '');
}

const TEMPORARY = /\.tmp\.(?<pid>\d+)\.\d+$/;
/** Writing a file of ours takes milliseconds; a process that we cannot see gets this long. */
const WRITING_MS = 60_000;

/** Temporary files of our own sidecar whose writer is gone: at once where every process can be seen, else after a day. */
function sweepOwnTemporaries(cacheDir: string, processes: ProcessTable): void {
  const shared = isNetworkFileSystem(cacheDir);
  const uses = sidecarNames(sidecarPath(cacheDir, 'registry')).map((name) => ['registry', name]);
  const names = [[], ['inputs'], ['index'], ['journal'], ['owners'], ['proofs'], ['reports'], ...uses];
  for (const parts of names) {
    const folder = sidecarPath(cacheDir, ...parts);
    if (!isOwnFolder(cacheDir, ...parts)) continue;
    for (const name of namesIn(folder).filter((file) => file.includes('.tmp.'))) {
      const file = path.join(folder, name);
      if (isForgotten(file, shared, processes)) fs.rmSync(file, { force: true });
    }
  }
}

function isForgotten(file: string, shared: boolean, processes: ProcessTable): boolean {
  const stat = lstatOrNothing(file);
  if (!stat) return false;
  const untouched = Date.now() - stat.mtimeMs;
  if (untouched > DAY_MS) return true;
  const pid = Number(TEMPORARY.exec(file)?.groups?.pid);
  return !shared && untouched > WRITING_MS && pid > 0 && !processes.mayOwn(pid, stat.mtimeMs);
}
