// Applies a prune plan: batches of entries are locked as hpc-compose locks them, each is looked at again under its locks, and
// only what is still as the plan saw it goes. Failures are collected, never stop the rest, and everything is journalled.
import fs from 'node:fs';
import path from 'node:path';
import type { EntryKind, PrunePlan, PrunePlanEntry, PruneResult } from '../../model/cache.ts';
import { OperationFailure } from '../../model/failure.ts';
import { isImageName, isStagedKind } from '../cacheNames.ts';
import { errnoOf } from '../files.ts';
import { ioFailure } from '../ioFailure.ts';
import { openJournal, type Journal } from '../journal.ts';
import { buildLockPathOf, manifestLockPathOf, tryLocks, type Lock, type LockPorts } from '../locks.ts';
import { createBytesReader } from '../manifestFile.ts';
import { readPinsForSure } from '../pins.ts';
import { sidecarPath } from '../sidecar.ts';
import { usersSince } from '../registry.ts';
import { findLeftovers, ownerLocksOf } from '../sweep.ts';
import type { Ports } from '../ports.ts';
import { prunableCache, type GuardOptions } from './guard.ts';
import { openBelow, openDirectory, type InsideDirectory } from './insideDirectory.ts';
import { relativeTo } from './relativePath.ts';
import { removeEntry, type Removal, type RemovalContext } from './removeEntry.ts';

export interface ApplyOptions extends GuardOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number, bytes: number) => void;
}

export type ApplyPorts = LockPorts & Pick<Ports, 'now'>;

const IN_USE = 'in use: another process holds its lock';

/** Two locks an entry; one helper process locks a batch. */
const BATCH = 200;

/** Descriptors left for everything else: the helper's pipes, the journal, directories. */
const SPARE_DESCRIPTORS = 14;

/** Entries a batch, fewer where this process may open few files. */
function batchSize(): number {
  try {
    const limits = fs.readFileSync('/proc/self/limits', 'latin1');
    const limit = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
    const free = limit - fs.readdirSync('/proc/self/fd').length - SPARE_DESCRIPTORS;
    return Math.max(1, Math.min(BATCH, Math.floor(free / 2)));
  } catch {
    return BATCH;
  }
}

/**
 * Removes what the plan says, as far as nothing changed since. Cancelling stops between batches and names the rest.
 * Throws not-a-cache, and plan-stale when the cache of the plan is gone.
 */
export async function applyPrune(
  plan: PrunePlan,
  options: ApplyOptions,
  ports: ApplyPorts,
): Promise<PruneResult> {
  const real = prunableCache(plan.cache_dir, options, ports);
  const wanted = plan.entries.filter(({ action }) => action === 'remove');
  if (real === undefined) {
    if (wanted.length > 0) throw new OperationFailure('plan-stale', { path: plan.cache_dir });
    return resultOf(plan, []);
  }
  const root = openDirectory(real);
  const journal = openJournal(real, plan.mode, wanted.length > 0);
  try {
    const removal = removalContext(plan, real);
    return resultOf(plan, await applyAll(wanted, { plan, root, real, journal, options, ports, removal }));
  } finally {
    journal.close();
    root.close();
  }
}

function removalContext(plan: PrunePlan, real: string): RemovalContext {
  const hasInputs = fs.existsSync(sidecarPath(real, 'inputs'));
  let dead: ReadonlySet<string> | undefined;
  const leftovers = () => (dead ??= new Set(findLeftovers(real).map((leftover) => leftover.path)));
  return { cacheDir: real, plannedAt: plan.created_at, read: createBytesReader(), hasInputs, leftovers };
}

interface Application {
  readonly plan: PrunePlan;
  readonly root: InsideDirectory;
  readonly real: string;
  readonly journal: Journal;
  readonly options: ApplyOptions;
  readonly ports: ApplyPorts;
  readonly removal: RemovalContext;
}

interface Outcome {
  readonly entry: PrunePlanEntry;
  readonly removal: Removal;
}

/** An entry with its place: where it lies is worked out once. */
interface Located {
  readonly entry: PrunePlanEntry;
  /** Canonical path. */
  readonly file: string;
  /** Folder relative to the cache, or undefined for a path outside of it. */
  readonly folder: string | undefined;
}

function locator({ plan, real }: Pick<Application, 'plan' | 'real'>): (entry: PrunePlanEntry) => Located {
  const relative = relativeTo(plan.cache_dir);
  return (entry) => {
    const below = relative(entry.path);
    const inside = below !== '' && below !== '..' && !below.startsWith('../') && !path.isAbsolute(below);
    if (!inside) return { entry, file: path.join(real, below), folder: undefined };
    return { entry, file: `${real}/${below}`, folder: path.dirname(below) };
  };
}

async function applyAll(wanted: readonly PrunePlanEntry[], application: Application): Promise<Outcome[]> {
  const { options } = application;
  const outcomes: Outcome[] = [];
  let bytes = 0;
  for (const batch of batchesByFolder(wanted.map(locator(application)))) {
    const cancelled = options.signal?.aborted ?? false;
    const done = cancelled
      ? batch.entries.map(({ entry }) => ({ entry, removal: { skipped: 'cancelled' } }))
      : await applyPatiently(batch, application);
    outcomes.push(...done);
    for (const { removal } of done) if ('bytes' in removal) bytes += removal.bytes;
    options.onProgress?.(outcomes.length, wanted.length, bytes);
  }
  return outcomes;
}

interface Batch {
  readonly folder: string | undefined;
  readonly entries: readonly Located[];
}

function batchesByFolder(entries: readonly Located[]): Batch[] {
  const folders = new Map<string | undefined, Located[]>();
  for (const entry of entries) {
    const same = folders.get(entry.folder);
    if (same) same.push(entry);
    else folders.set(entry.folder, [entry]);
  }
  const size = batchSize();
  return [...folders].flatMap(([folder, all]) =>
    Array.from({ length: Math.ceil(all.length / size) }, (_, index) => ({
      folder,
      entries: all.slice(index * size, (index + 1) * size),
    })),
  );
}

/**
 * What was busy is tried once more alone: a batch that ran out of descriptors gives the same answer as a lock that is held.
 */
async function applyPatiently(batch: Batch, application: Application): Promise<Outcome[]> {
  const outcomes = await applyBatch(batch, application);
  if (batch.entries.length < 2) return outcomes;
  const again: Outcome[] = [];
  for (const [index, outcome] of outcomes.entries()) {
    const busy = 'skipped' in outcome.removal && outcome.removal.skipped === IN_USE;
    const single = { folder: batch.folder, entries: batch.entries.slice(index, index + 1) };
    again.push(...(busy ? await applyBatch(single, application) : [outcome]));
  }
  return again;
}

async function applyBatch({ folder, entries }: Batch, application: Application): Promise<Outcome[]> {
  if (folder === undefined)
    return entries.map(({ entry }) => ({
      entry,
      removal: { skipped: 'it lies outside the cache of the plan' },
    }));
  let directory: InsideDirectory;
  try {
    directory = openBelow(application.root, application.real, folder);
  } catch (error) {
    return entries.map(({ entry }) => ({ entry, removal: removalOfError(error, entry.path) }));
  }
  try {
    return await applyLocked(entries, folder, directory, application);
  } finally {
    directory.close();
  }
}

async function applyLocked(
  entries: readonly Located[],
  folder: string,
  directory: InsideDirectory,
  application: Application,
): Promise<Outcome[]> {
  const locked = await lockEntries(entries, directory, application.ports);
  try {
    const protectedNow = protections(application);
    const outcomes: Outcome[] = [];
    application.journal.removing(
      locked
        .filter(({ refusal }) => refusal === undefined)
        .map(({ file }) => file.slice(application.real.length + 1)),
    );
    for (const { entry, file, refusal } of locked) {
      const why = refusal ?? protectedNow(file);
      outcomes.push({ entry, removal: why ?? (await removeGuarded(entry, folder, directory, application)) });
    }
    application.journal.note(outcomes.map(({ entry, removal }) => ({ path: entry.path, ...removal })));
    return outcomes;
  } finally {
    for (const { locks } of locked) for (const lock of locks) lock.release();
  }
}

async function removeGuarded(
  entry: PrunePlanEntry,
  folder: string,
  directory: InsideDirectory,
  { removal }: Application,
): Promise<Removal> {
  try {
    return await removeEntry(entry, folder, directory, removal);
  } catch (error) {
    return removalOfError(error, entry.path);
  }
}

function removalOfError(error: unknown, file: string): Removal {
  if (errnoOf(error) === 'ENOENT') return { skipped: 'it is gone already' };
  const failure = ioFailure(error, file);
  if (failure instanceof OperationFailure) return { failed: failure.code, message: failure.message };
  throw error;
}

interface LockedEntry extends Located {
  readonly locks: Lock[];
  readonly refusal: Removal | undefined;
}

/** Build locks of a batch, then manifest locks of those: the order of the cache contract, section 5. Nothing is waited for. */
async function lockEntries(
  entries: readonly Located[],
  directory: InsideDirectory,
  ports: LockPorts,
): Promise<LockedEntry[]> {
  const held = entries.map((): Lock[] => []);
  const refusals: (Removal | undefined)[] = entries.map(() => undefined);
  for (const namesOf of [firstLocks, secondLocks]) {
    const wanted = entries.flatMap(({ entry }, index) =>
      refusals[index] ? [] : namesOf(entry).map((name) => ({ index, path: String(directory.at(name)) })),
    );
    const attempts = await tryLocks(
      wanted.map((item) => item.path),
      ports,
    );
    wanted.forEach(({ index }, order) => {
      const attempt = attempts[order];
      if (typeof attempt === 'object' && 'release' in attempt) held[index]?.push(attempt);
      else refusals[index] = lockRefusal(attempt);
    });
  }
  return entries.map((located, index) => ({
    ...located,
    locks: held[index] ?? [],
    refusal: refusals[index],
  }));
}

/** Names of build locks: of images, committed or not; for leftovers the locks of their owner. */
function firstLocks({ kind, path: file }: PrunePlanEntry): string[] {
  const name = path.basename(file);
  if (kind === 'layer' || kind === 'runtime' || isStagedKind(kind as EntryKind)) return [];
  if (kind === 'orphan' && !isImageName(name)) return ownerLocksOf(file);
  return [buildLockPathOf(name)];
}

/** Names of manifest locks: of every entry. */
function secondLocks({ kind, path: file }: PrunePlanEntry): string[] {
  const name = path.basename(file);
  const isEntry = kind !== 'layer' && kind !== 'runtime' && (kind !== 'orphan' || isImageName(name));
  return isEntry ? [manifestLockPathOf(name)] : [];
}

function lockRefusal(attempt: Lock | OperationFailure | 'busy' | undefined): Removal {
  if (attempt instanceof OperationFailure) return { failed: attempt.code, message: attempt.message };
  return { skipped: IN_USE };
}

/** What became protected since the plan: pins, and entries that a prepare recorded as used. */
function protections({ plan, real }: Application): (file: string) => Removal | undefined {
  const pins = readPinsForSure(real);
  const used = usersSince(real, plan.created_at);
  return (file) => {
    if (pins.has(file)) return { skipped: 'pinned since the plan was made' };
    const spec = used.get(file);
    return spec === undefined ? undefined : { skipped: `used since the plan was made, by ${spec}` };
  };
}

function failureOf(file: string, { failed: code, message }: Extract<Removal, { failed: string }>) {
  return code === 'io' ? { path: file, code, message } : { path: file, code };
}

function resultOf(plan: PrunePlan, outcomes: readonly Outcome[]): PruneResult {
  const removed = outcomes.filter(({ removal }) => 'bytes' in removal).map(({ entry }) => entry.path);
  return {
    schema_version: 1,
    cache_dir: plan.cache_dir,
    mode: plan.mode,
    removed_count: removed.length,
    removed_paths: removed,
    skipped: outcomes.flatMap(({ entry, removal }) =>
      'skipped' in removal ? [{ path: entry.path, why: removal.skipped }] : [],
    ),
    failed: outcomes.flatMap(({ entry, removal }) =>
      'failed' in removal ? [failureOf(entry.path, removal)] : [],
    ),
    bytes_freed: outcomes.reduce((sum, { removal }) => ('bytes' in removal ? sum + removal.bytes : sum), 0),
  };
}
