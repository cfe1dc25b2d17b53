// Builds one entry in a hidden directory and publishes it by one rename, under an exclusive lock held by the caller: record
// first, then the name, so that there is never a state that is neither valid nor a miss. Source: rootfs contract, 2.6 A4-A11.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { RootfsFailure } from '../../model/rootfs.ts';
import { plainEnvironment } from '../plainEnvironment.ts';
import { deviceOf, lookAtEntry } from './entryOnDisk.ts';
import { requireContents } from './imageContents.ts';
import { entryPath, isScratchOf, PROPOSAL_LOCK, type UserLayout } from './layout.ts';
import { isSameFile } from './lockFiles.ts';
import type { RootfsMetadata } from './metadata.ts';
import type { RootfsPorts } from './rootfsPorts.ts';
import { runEnroot, type EnrootCall, type EnrootFailure } from './runEnroot.ts';
import { forecastUnpack, type UnpackForecast } from './squashImage.ts';
import { settleOldTree } from './settleOldTree.ts';
import { bootId, storeMetadata } from './storeMetadata.ts';
import { deleteTree, measureTree, type TreeSize } from './treeOnDisk.ts';

export interface BuildRequest extends EnrootCall {
  readonly enrootVersion: () => Promise<string>;
  /** What would not fit below its high mark now; undefined: all of it does. */
  readonly lacks: (forecast: UnpackForecast) => string | undefined;
  /** SHA-256 that an image file must have, 64 hex digits. */
  readonly sha256?: string | undefined;
  readonly useForecast: boolean;
  readonly onPhase?:
    ((phase: 'import' | 'create' | 'publish', forecast?: UnpackForecast) => void) | undefined;
}

export type BuildOutcome =
  | { readonly kind: 'published'; readonly createMs: number }
  | { readonly kind: 'adopted' }
  /** Somebody put something under the final name meanwhile. */
  | { readonly kind: 'raced' }
  /** Nothing was written, or what was written is gone again. */
  | { readonly kind: 'no-room'; readonly forecast: UnpackForecast; readonly what: string };

/** Builds and publishes. Throws E_IMAGE, E_CREATE, E_INCOMPLETE, E_TIMEOUT, E_INVALID_IN_USE, E_SYMLINK, E_DIGEST. */
export async function buildRootfs(request: BuildRequest, ports: RootfsPorts): Promise<BuildOutcome> {
  const { layout, identity } = request;
  await ports.onStep?.('A4', identity.name);
  await dropScratch(layout, identity.name, ports);
  const scratch = join(layout.build, `${identity.name}~${randomBytes(6).toString('hex')}`);
  try {
    return await buildIn(scratch, request, ports);
  } finally {
    await dropScratch(layout, identity.name, ports);
  }
}

async function buildIn(scratch: string, request: BuildRequest, ports: RootfsPorts): Promise<BuildOutcome> {
  const { identity, layout } = request;
  const image = await imageFile(scratch, request, ports);
  if (typeof image !== 'string') return image;
  await ports.onStep?.('A5', identity.name);
  const forecast = await forecastUnpack(image, ports, request.signal);
  if (await settleOldTree({ layout, identity, forecast }, ports)) return { kind: 'adopted' };
  const lacking = request.useForecast ? request.lacks(withMargin(forecast)) : undefined;
  if (lacking !== undefined) return { kind: 'no-room', forecast: withMargin(forecast), what: lacking };
  request.onPhase?.('create', forecast);
  const began = Date.now();
  await ports.onStep?.('A6', identity.name);
  const failure = await create(scratch, image, request, ports);
  if (failure?.full) return { kind: 'no-room', forecast: withMargin(forecast), what: failure.full };
  if (failure && !isSameFile(request.lock.fd, request.lock.path)) return { kind: 'raced' };
  if (failure) throw createFailure(identity.image, failure);
  await ports.onStep?.('A8', identity.name);
  const size = await measureTree(scratch, request.signal);
  if (size.inodes < forecast.inodes)
    throw new RootfsFailure('E_INCOMPLETE', {
      image: identity.image,
      found: size.inodes,
      wanted: forecast.inodes,
    });
  request.onPhase?.('publish');
  return await publish(scratch, { ...request, size, createMs: Date.now() - began }, ports, forecast);
}

/** Forecasts are 5 % generous. */
function withMargin(forecast: UnpackForecast): UnpackForecast {
  return {
    ...forecast,
    bytes: Math.ceil(forecast.bytes * 1.05),
    inodes: Math.ceil(forecast.inodes * 1.05),
  };
}

/** The squashfs file to unpack; a remote image is imported beside the build. */
async function imageFile(
  scratch: string,
  request: BuildRequest,
  ports: RootfsPorts,
): Promise<string | BuildOutcome> {
  const { identity } = request;
  if (identity.kind === 'file') {
    if (request.sha256 !== undefined) await requireContents(identity.path, request.sha256, request.signal);
    return identity.path;
  }
  request.onPhase?.('import');
  const output = `${scratch}.sqsh`;
  const args = ['import', '-o', output, '--', identity.reference];
  const failure = await runEnroot(args, { ...request, scratch, verb: 'import' }, ports);
  if (failure?.full)
    return { kind: 'no-room', forecast: { bytes: 0, inodes: 0, source: 'superblock' }, what: failure.full };
  if (failure) throw createFailure(identity.image, failure);
  return output;
}

async function create(
  scratch: string,
  image: string,
  request: BuildRequest,
  ports: RootfsPorts,
): Promise<EnrootFailure | undefined> {
  const name = scratch.slice(request.layout.build.length + 1);
  const failure = await runEnroot(
    ['create', '--name', name, '--', image],
    { ...request, scratch, verb: 'create' },
    ports,
  );
  if (failure) await deleteTree(scratch, ports);
  return failure;
}

function createFailure(image: string, failure: EnrootFailure): RootfsFailure {
  const isImage = /invalid image (format|reference)|no such file|not.* squashfs/i.test(failure.message);
  return new RootfsFailure(isImage ? 'E_IMAGE' : 'E_CREATE', { image, cause: failure.message });
}

async function publish(
  scratch: string,
  request: BuildRequest & { size: TreeSize; createMs: number },
  ports: RootfsPorts,
  forecast: UnpackForecast,
): Promise<BuildOutcome> {
  const { identity, layout, settings } = request;
  try {
    await ports.onStep?.('A9', identity.name);
    const size = await placeProposalLock(scratch, request.size, ports);
    touchNow(scratch);
    await ports.onStep?.('A10', identity.name);
    if (settings.syncOnPublish) await syncFileSystem(layout.build, ports);
    await dropAside(scratch, ports);
    await writeMetadata(scratch, { ...request, size }, ports);
  } catch (error) {
    const full = fullReason((error as NodeJS.ErrnoException).code);
    if (full) return { kind: 'no-room', forecast, what: full };
    throw error;
  }
  if (lookAtEntry(entryPath(layout, identity.name), layout.uid, deviceOf(layout)).kind !== 'missing')
    return { kind: 'raced' };
  await ports.onStep?.('A11', identity.name);
  // Our lock's file was replaced: somebody else owns this name now, and may have taken our build away.
  if (!isSameFile(request.lock.fd, request.lock.path)) return { kind: 'raced' };
  try {
    fs.renameSync(scratch, entryPath(layout, identity.name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'ENOENT'].includes(code ?? '')) return { kind: 'raced' };
    throw error;
  }
  await ports.onStep?.('A12', identity.name);
  return { kind: 'published', createMs: request.createMs };
}

function fullReason(code: string | undefined): string | undefined {
  if (code === 'ENOSPC') return 'the disk is full';
  return code === 'EDQUOT' ? 'the quota is used up' : undefined;
}

/** An image may bring something of that name, even a link out of the tree: it is replaced, never opened. Gives the tree's new size. */
async function placeProposalLock(tree: string, size: TreeSize, ports: RootfsPorts): Promise<TreeSize> {
  const path = join(tree, PROPOSAL_LOCK);
  const there = fs.lstatSync(path, { throwIfNoEntry: false });
  if (there?.isDirectory()) await deleteTree(path, ports);
  else if (there) fs.unlinkSync(path);
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = fs.constants;
  fs.closeSync(fs.openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644));
  if (there) return await measureTree(tree);
  return { ...size, inodes: size.inodes + 1 };
}

/** A fresh tree looks as old as its image: without this it would be the first to go. */
function touchNow(tree: string): void {
  const now = Date.now() / 1000;
  fs.utimesSync(tree, now, now);
}

async function syncFileSystem(path: string, ports: RootfsPorts): Promise<void> {
  const env = plainEnvironment(ports.env);
  const { exitCode } = await ports.run({ command: 'sync', args: ['-f', path], env });
  if (exitCode !== 0) ports.log.warn(`sync of ${path} failed`);
}

async function writeMetadata(
  scratch: string,
  request: BuildRequest & { size: TreeSize; createMs: number },
  ports: RootfsPorts,
): Promise<void> {
  const { identity, layout, size, createMs, settings } = request;
  const { dev, ino } = fs.lstatSync(scratch, { bigint: true });
  const origin =
    identity.kind === 'file'
      ? { source: identity.source }
      : identity.digest === undefined
        ? {}
        : { digest: identity.digest };
  const metadata: RootfsMetadata = {
    v: 1,
    key: identity.key,
    keyScheme: identity.keyScheme,
    image: identity.image,
    ...origin,
    arch: ports.arch,
    dev: String(dev),
    ino: String(ino),
    bytes: size.bytes,
    inodes: size.inodes,
    createdAt: Number(ports.nowNs() / 1_000_000_000n),
    createMs,
    bootId: bootId(),
    synced: settings.syncOnPublish,
    enroot: await request.enrootVersion(),
    builderVersion: ports.version,
  };
  storeMetadata(layout, identity.name, metadata);
}

/** What was needed beside the tree goes before the commit: a kill right after it leaves nothing. */
async function dropAside(scratch: string, ports: RootfsPorts): Promise<void> {
  for (const suffix of ['.tmp', '.sqsh']) {
    if (fs.existsSync(scratch + suffix)) await deleteTree(scratch + suffix, ports);
  }
}

/** Deletes whatever builds of this name left; the caller holds its exclusive lock. */
async function dropScratch(layout: UserLayout, name: string, ports: RootfsPorts): Promise<void> {
  for (const left of fs.readdirSync(layout.build)) {
    if (!isScratchOf(left, name)) continue;
    const problem = await deleteTree(join(layout.build, left), ports);
    if (problem) ports.log.warn(`${join(layout.build, left)} is left: ${problem}`);
  }
}
