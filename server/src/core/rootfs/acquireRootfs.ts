// From an image to a tree that stays as long as the handle is held: reuses a valid entry, else builds one, with one build per
// name at a time. What is decided is decided under a lock and looked at again after it. Source: rootfs contract, section 2.6.
import { join } from 'node:path';
import { RootfsFailure, type RootfsGcResult } from '../../model/rootfs.ts';
import { buildRootfs, type BuildOutcome } from './buildRootfs.ts';
import { checkBase, ensureUserDirectories, statfsOf } from './checkDirectories.ts';
import { findValid, readMetadata, touchEntry, type ValidEntry } from './entryOnDisk.ts';
import { identifyImage, isImageFile, type ImageIdentity } from './identifyImage.ts';
import { entryPath, lockPath, PROPOSAL_LOCK, userLayout, type UserLayout } from './layout.ts';
import { takeLock, tryLocksAtOnce, type HeldLock } from './lockFiles.ts';
import { ranLately } from './lastGc.ts';
import { readLockHolders } from './lockHolders.ts';
import type { RootfsMetadata } from './metadata.ts';
import type { RootfsPorts } from './rootfsPorts.ts';
import { findEnroot } from './runEnroot.ts';
import { renewRecordIndex } from './recordIndex.ts';
import { cacheBytesOf, recordedEntries } from './scanUser.ts';
import type { RootfsSettings } from './settings.ts';
import type { UnpackForecast } from './squashImage.ts';
import { bootId, storeMetadata } from './storeMetadata.ts';
import { checkTree } from './verifyRootfs.ts';
import { measureExcess, NOTHING_INCOMING, type Dimension, type Incoming } from './watermark.ts';

export interface AcquireOptions {
  /** With a base. */
  readonly settings: RootfsSettings;
  readonly cwd: string;
  /** Executable; default: enroot on PATH. */
  readonly enroot?: string | undefined;
  /** Refuse by forecast before writing; off only for tests and tools without listings. */
  readonly useForecast?: boolean;
  /** What an image file must hold: `[sha256:]` and 64 hex digits. The format itself has no checksum. */
  readonly sha256?: string | undefined;
  /** A registry that does not answer: take the entry made last from this very image string. */
  readonly offline?: boolean;
  /** Makes room for what is about to be written. */
  readonly collect: (incoming: Incoming, exclude: string) => Promise<RootfsGcResult>;
  readonly signal?: AbortSignal | undefined;
  readonly onPhase?: (
    phase: 'waiting' | 'import' | 'create' | 'publish' | 'collect',
    forecast?: UnpackForecast,
  ) => void;
  readonly onLine?: (line: string) => void;
}

export interface RootfsHandle {
  readonly name: string;
  readonly path: string;
  readonly layout: UserLayout;
  readonly metadata: RootfsMetadata;
  readonly hit: boolean;
  /** Milliseconds that unpacking took; 0 for a hit. */
  readonly createMs: number;
  /** Marks the entry as used again; long uses do so hourly. */
  readonly touch: () => void;
  /** Ends the use. Never touches the disk. */
  readonly release: () => void;
}

const ROUNDS = 50;
/** Seconds of one wait for the exclusive lock; then somebody may have published meanwhile and hold the entry for hours. */
const SLICE = 0.25;

/** The base that the settings name. Throws E_OPTION when the feature is off. */
export function requireBase(settings: RootfsSettings): string {
  if (settings.base !== undefined) return settings.base;
  throw new RootfsFailure('E_OPTION', { cause: 'No directory is configured for the rootfs cache.' });
}

/** This user's part of the cache. On allowed network file systems each host has its own. */
export function ownLayout(settings: RootfsSettings, ports: RootfsPorts): UserLayout {
  return userLayout(requireBase(settings), ports.uid, settings.allowNetworkFs ? ports.host : undefined);
}

/** Acquires. Throws RootfsFailure by the contract's codes, or the signal's reason. */
export async function acquireRootfs(
  image: string,
  options: AcquireOptions,
  ports: RootfsPorts,
): Promise<RootfsHandle> {
  const { settings, signal } = options;
  const layout = ownLayout(settings, ports);
  for (const warning of checkBase(layout.base, settings.allowNetworkFs, ports)) ports.log.debug(warning);
  ensureUserDirectories(layout);
  const enroot = options.enroot ?? 'enroot';
  const identify = { ...options, keyScheme: settings.keyScheme, enroot, signal };
  const remembered = options.offline === true ? lastIdentityOf(image, options, layout) : undefined;
  const identity = remembered ?? (await identifyImage(image, identify, ports));
  return await acquireIdentified(identity, layout, options, ports);
}

/** The identity that the last build from this image string had; only for remote images, and only when asked for. */
function lastIdentityOf(
  image: string,
  { cwd }: AcquireOptions,
  layout: UserLayout,
): ImageIdentity | undefined {
  if (isImageFile(image, cwd)) return undefined;
  const entries = recordedEntries(layout).filter(({ record }) => record.image === image);
  const last = entries.sort((a, b) => b.record.createdAt - a.record.createdAt)[0];
  const metadata = last && readMetadata(layout, last.name);
  if (!metadata) return undefined;
  const { key, keyScheme } = metadata;
  const reference = image.includes('://') ? image : `docker://${image}`;
  return { kind: 'remote', image, reference, key, keyScheme, name: last.name };
}

/** Acquires an image whose key is known already. */
export async function acquireIdentified(
  identity: ImageIdentity,
  layout: UserLayout,
  options: AcquireOptions,
  ports: RootfsPorts,
): Promise<RootfsHandle> {
  let published: BuildOutcome | undefined;
  let collected: RootfsGcResult | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    options.signal?.throwIfAborted();
    const handle = await tryReuse(identity, layout, options, ports);
    if (handle && published?.kind === 'published') {
      await collectAfter(identity.name, layout, options, ports);
      await renewRecordIndex(layout);
      return { ...handle, hit: false, createMs: published.createMs };
    }
    if (handle) return handle;
    const outcome = await buildOnce(identity, layout, options, ports);
    if (outcome?.kind === 'published') published = outcome;
    if (outcome?.kind !== 'no-room') continue;
    if (collected) throw noSpace(outcome, layout, collected, ports);
    options.onPhase?.('collect');
    collected = await options.collect(outcome.forecast, identity.name);
  }
  throw new RootfsFailure('E_LIVELOCK', { name: identity.name });
}

/** What was published may be more than was forecast. A collection for that is no reason to fail, nor to collect again and again. */
async function collectAfter(
  name: string,
  layout: UserLayout,
  { settings, collect }: AcquireOptions,
  ports: RootfsPorts,
): Promise<void> {
  try {
    if (lackingFor(NOTHING_INCOMING, layout, settings, ports) === undefined) return;
    if (ranLately(layout, ports)) return;
    await collect(NOTHING_INCOMING, name);
  } catch (error) {
    ports.log.warn(`no collection after ${name} was unpacked: ${(error as Error).message}`);
  }
}

async function tryReuse(
  identity: ImageIdentity,
  layout: UserLayout,
  options: AcquireOptions,
  ports: RootfsPorts,
): Promise<RootfsHandle | undefined> {
  const { name } = identity;
  await ports.onStep?.('A1', name);
  const locks: HeldLock[] = [];
  try {
    const isQuick = await lockQuickly(identity, layout, locks, ports);
    if (!isQuick) locks.push(await lockEntry(name, layout, options, ports));
    const valid = await reusable(identity, layout, ports);
    if (!valid) return undefined;
    await ports.onStep?.('A2', name);
    touchEntry(entryPath(layout, name));
    if (!isQuick) {
      const inner = await takeLock({ ...proposalLock(name, layout), ...sharedLock(options) }, ports);
      if (typeof inner === 'string' || !findValid(layout, name, identity.key)) {
        if (typeof inner !== 'string') inner.release();
        return undefined;
      }
      locks.push(inner);
    }
    return handleOf(name, layout, valid, locks.splice(0).reverse());
  } finally {
    for (const lock of locks) lock.release();
  }
}

/**
 * The common case, nobody in the way: both locks by one question. That the entry looks valid before is only a hint; it is
 * looked at again under the locks.
 */
async function lockQuickly(
  { name, key }: ImageIdentity,
  layout: UserLayout,
  locks: HeldLock[],
  ports: RootfsPorts,
): Promise<boolean> {
  if (!findValid(layout, name, key)) return false;
  const wanted = [{ path: lockPath(layout, name), create: true }, proposalLock(name, layout)];
  const held = await tryLocksAtOnce(
    wanted.map((lock) => ({ ...lock, mode: 'shared' as const })),
    ports,
  );
  locks.push(...(held ?? []));
  return held !== undefined;
}

async function lockEntry(
  name: string,
  layout: UserLayout,
  options: AcquireOptions,
  ports: RootfsPorts,
): Promise<HeldLock> {
  const path = lockPath(layout, name);
  const lock = await takeLock({ path, create: true, ...sharedLock(options) }, ports);
  if (typeof lock === 'string') throw lockTimeout(path, name, options.settings.lockTimeout);
  return lock;
}

function proposalLock(name: string, layout: UserLayout) {
  return { path: join(entryPath(layout, name), PROPOSAL_LOCK), create: false };
}

function sharedLock({ settings, signal }: AcquireOptions) {
  return { mode: 'shared' as const, wait: settings.lockTimeout, signal };
}

/** After a power loss a tree that was not synced may be half there: it is counted before it is used again. */
async function reusable(
  identity: ImageIdentity,
  layout: UserLayout,
  ports: RootfsPorts,
): Promise<ValidEntry | undefined> {
  const valid = findValid(layout, identity.name, identity.key);
  if (!valid || valid.metadata.synced || valid.metadata.bootId === bootId()) return valid;
  const problem = await checkTree(entryPath(layout, identity.name), valid.metadata);
  if (problem) {
    ports.log.warn(`${identity.name} is not reused: ${problem}`);
    return undefined;
  }
  storeMetadata(layout, identity.name, { ...valid.metadata, bootId: bootId() });
  return valid;
}

function handleOf(
  name: string,
  layout: UserLayout,
  { metadata }: ValidEntry,
  locks: readonly HeldLock[],
): RootfsHandle {
  const path = entryPath(layout, name);
  return {
    name,
    path,
    layout,
    metadata,
    hit: true,
    createMs: 0,
    touch: () => {
      touchEntry(path);
    },
    release: () => {
      for (const lock of locks) lock.release();
    },
  };
}

/** One build under the exclusive lock; undefined when somebody else published meanwhile. */
async function buildOnce(
  identity: ImageIdentity,
  layout: UserLayout,
  options: AcquireOptions,
  ports: RootfsPorts,
): Promise<BuildOutcome | undefined> {
  const { settings, signal } = options;
  const enroot = findEnroot(options.enroot, ports.env);
  const lock = await waitForBuild(identity, layout, options, ports);
  if (!lock) return undefined;
  try {
    await ports.onStep?.('A3', identity.name);
    if (await reusable(identity, layout, ports)) return undefined;
    const lacks = (forecast: UnpackForecast) => lackingFor(forecast, layout, settings, ports);
    const { onLine, onPhase, useForecast = true, sha256 } = options;
    const enrootVersion = () => versionOf(enroot, ports);
    return await buildRootfs(
      {
        identity,
        layout,
        lock,
        settings,
        enroot,
        enrootVersion,
        lacks,
        useForecast,
        sha256,
        signal,
        onLine,
        onPhase,
      },
      ports,
    );
  } finally {
    lock.release();
  }
}

async function waitForBuild(
  identity: ImageIdentity,
  layout: UserLayout,
  { settings, signal, onPhase }: AcquireOptions,
  ports: RootfsPorts,
): Promise<HeldLock | undefined> {
  const path = lockPath(layout, identity.name);
  const deadline = Date.now() + settings.buildTimeout * 1000;
  for (let wait = 0; Date.now() <= deadline; wait = SLICE) {
    const lock = await takeLock({ path, mode: 'exclusive', wait, create: true, signal }, ports);
    if (typeof lock !== 'string') return lock;
    if (findValid(layout, identity.name, identity.key)) return undefined;
    if (wait === 0) onPhase?.('waiting');
  }
  throw lockTimeout(path, identity.name, settings.buildTimeout);
}

const LACKING: Readonly<Record<Dimension, string>> = {
  usage: 'bytes below the high mark',
  budget: "bytes of the cache's own budget",
  free: 'bytes that must stay free',
  inodes: 'inodes below the high mark',
};

/** What an unpacking would exceed. */
function lackingFor(
  forecast: Incoming,
  layout: UserLayout,
  settings: RootfsSettings,
  ports: RootfsPorts,
): string | undefined {
  const bytes = settings.maxBytes > 0 ? cacheBytesOf(layout) : 0;
  const excess = measureExcess(statfsOf(layout.base, ports), bytes, settings, forecast);
  return excess.length === 0
    ? undefined
    : `no ${excess.map(({ dimension }) => LACKING[dimension]).join(', no ')}`;
}

async function versionOf(enroot: string, ports: RootfsPorts): Promise<string> {
  const { stdout, exitCode } = await ports.run({ command: enroot, args: ['version'], env: ports.env });
  return exitCode === 0 ? stdout.trim() : 'unknown';
}

function lockTimeout(path: string, name: string, seconds: number): RootfsFailure {
  const pids = readLockHolders(path).byPath(path);
  const holder = pids.length > 0 ? `process ${pids.join(', ')}` : 'not visible';
  return new RootfsFailure('E_LOCK_TIMEOUT', { name, seconds, holder });
}

function noSpace(
  outcome: BuildOutcome & { kind: 'no-room' },
  layout: UserLayout,
  report: RootfsGcResult,
  ports: RootfsPorts,
): RootfsFailure {
  const fs = statfsOf(layout.base, ports);
  const inUse = report.in_use.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
  return new RootfsFailure('E_NOSPC', {
    path: layout.base,
    need: outcome.forecast.bytes,
    needInodes: outcome.forecast.inodes,
    available: Number(fs.bavail * fs.bsize),
    evictable: report.bytes_freed,
    inUse,
    what: outcome.what,
  });
}
