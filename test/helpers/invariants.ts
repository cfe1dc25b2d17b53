// What must hold after every fault: nothing outside the cache changed, every committed image is whole, nothing of ours runs or
// holds a lock. (That the next prepare works, and what `list` says, each test asserts itself.)
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  type Dirent,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { imageDamage } from '../../server/src/core/committed.ts';
import { nodeFiles } from '../../server/src/core/files.ts';
import { listCache } from '../../server/src/core/list.ts';
import { createBytesReader, readEntryManifest } from '../../server/src/core/manifestFile.ts';
import { sweepCache } from '../../server/src/core/sweep.ts';
import { testPorts, type TestPorts } from './ports.ts';
import { readManifestFile } from '../../server/src/core/manifest.ts';

export interface Sentinel {
  readonly folder: string;
  readonly before: string;
}

/** Lays out a small tree next to the cache and remembers its contents, modes and times. */
export function plantSentinel(parent: string): Sentinel {
  const folder = join(parent, 'sentinel');
  mkdirSync(join(folder, 'sub'), { recursive: true });
  writeFileSync(join(folder, 'file'), 'mine', { mode: 0o640 });
  writeFileSync(join(folder, 'sub/image.sqsh'), 'mine too');
  return { folder, before: fingerprint(folder) };
}

function fingerprint(folder: string): string {
  const hash = createHash('sha256');
  for (const path of walk(folder)) {
    const stat = lstatSync(path);
    hash.update(JSON.stringify([path, stat.mode, stat.mtimeMs, stat.size]));
    if (stat.isFile()) hash.update(readFileSync(path));
  }
  return hash.digest('hex');
}

/** Every path below a folder, links not followed. Folders that vanish while it looks are no paths. */
export function walk(folder: string): string[] {
  return entriesOf(folder).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? [path, ...walk(path)] : [path];
  });
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** I1: the tree outside the cache is as it was. */
export function assertSentinel(sentinel: Sentinel): void {
  assert.equal(fingerprint(sentinel.folder), sentinel.before, 'something outside the cache was changed');
}

/** I2: every manifest parses, and its image is a whole regular file. Gives the paths of the committed images. */
export function assertCommittedWhole(cacheDir: string): string[] {
  const manifests = walk(cacheDir).filter((path) => /\.(sqsh|sif)\.json$/.test(path));
  return manifests.map((path) => {
    const manifest = readManifestFile(path, nodeFiles);
    const image = path.slice(0, -'.json'.length);
    const stat = lstatSync(image);
    assert.ok(manifest && stat.isFile(), image);
    assert.equal(imageDamage(image, stat.size, nodeFiles), undefined, image);
    return image;
  });
}

/** Hidden staging files, temporary manifests, scratch folders and root file systems: all that a build may leave behind. */
export function leftovers(cacheDir: string): string[] {
  const paths = walk(cacheDir).filter((path) => !path.includes('/.hpc-compose-vscode/kept'));
  return paths.filter((path) =>
    /\.hpc-compose-stage-|\.tmp\.\d+\.|\/hpc-compose-[^/]*$|\.sandbox$|\.owner$/.test(path),
  );
}

const HELD = `$/ = "\\0"; while (<STDIN>) { chomp; open(my $f, '<', $_) or next; print "$_\\0" unless flock($f, 6) }`;

/** Locks that somebody holds. One process tries them all: one for each takes minutes for a big cache on a busy machine. */
function heldLocks(locks: readonly string[]): string[] {
  if (locks.length === 0) return [];
  const perl = spawnSync('perl', ['-e', HELD], { input: locks.join('\0'), encoding: 'utf8' });
  if (perl.status === 0) return perl.stdout.split('\0').filter((lock) => lock !== '');
  return locks.filter((lock) => spawnSync('flock', ['-x', '-n', lock, 'true']).status !== 0);
}

/** I5: no lock in the cache is held, and no running process was given this cache (its environment or arguments name it). */
export function assertQuiet(cacheDir: string): void {
  assert.deepEqual(heldLocks(walk(cacheDir).filter((path) => path.endsWith('.lock'))), [], 'still held');
  assert.deepEqual(processesNaming(cacheDir), []);
}

/**
 * The invariants of the fault catalogue after any fault: I1 nothing outside touched, I2 what counts as whole is whole, I4 every
 * sound manifest is listed, I5 nothing of ours runs or locks, I6 a sweep takes leftovers and nothing else. (I3, that the next
 * prepare works, costs a prepare: `nextPrepare` of the bed.)
 */
export async function assertInvariants(cacheDir: string, sentinel: Sentinel): Promise<void> {
  assertSentinel(sentinel);
  await eventually('nothing of ours runs', () => processesNaming(join(sentinel.folder, '..')).length === 0);
  if (lstatSync(cacheDir, { throwIfNoEntry: false }) === undefined) return;
  assertQuiet(cacheDir);
  const ports = testPorts();
  const { entries } = await listCache(cacheDir, ports);
  for (const { artifact_path: image, state } of entries) {
    if (state !== 'ok' || !/\.(sqsh|sif)$/.test(image)) continue;
    const stat = lstatSync(image);
    assert.ok(
      stat.isFile() && imageDamage(image, stat.size, nodeFiles) === undefined,
      `${image} is not whole`,
    );
  }
  const listed = new Set(entries.map((entry) => entry.artifact_path));
  for (const image of soundImages(cacheDir)) assert.ok(listed.has(image), `${image} is not listed`);
  await assertSweepTakesLeftovers(cacheDir, ports);
}

/** Images in base and prepared whose manifest can be used. */
function soundImages(cacheDir: string): string[] {
  const folders = ['base', 'prepared'].map((name) => join(cacheDir, name));
  return folders.filter(isRealDirectory).flatMap((folder) => {
    const files = entriesOf(folder).filter(
      (entry) => entry.isFile() && /\.(sqsh|sif)\.json$/.test(entry.name),
    );
    return files
      .map((entry) => join(folder, entry.name))
      .filter((path) => isSound(path))
      .map((path) => path.slice(0, -'.json'.length));
  });
}

function isRealDirectory(folder: string): boolean {
  return lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isSound(path: string): boolean {
  const read = readEntryManifest(path, createBytesReader());
  return read !== undefined && 'manifest' in read;
}

async function assertSweepTakesLeftovers(cacheDir: string, ports: TestPorts): Promise<void> {
  const ours = (path: string) => path.includes('/.hpc-compose-vscode');
  const before = walk(cacheDir).filter((path) => !ours(path));
  const mayGo = new Set(leftovers(cacheDir));
  const { removed } = await sweepCache(cacheDir, ports);
  const after = new Set(walk(cacheDir));
  for (const path of before) {
    const isPart = mayGo.has(path) || removed.some((gone) => path === gone || path.startsWith(`${gone}/`));
    assert.ok(after.has(path) || isPart, `the sweep took ${path}`);
  }
}

/** Polls until a condition holds; fails after half a minute. */
export async function eventually(what: string, check: () => boolean): Promise<void> {
  const until = Date.now() + 30_000;
  while (!check()) {
    if (Date.now() > until) assert.fail(`never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Running processes that a process started, with the words of their command lines. */
export function childrenOf(parent: number | undefined): { readonly pid: number; readonly words: string[] }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const parentNow = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[1];
        if (Number(parentNow) !== parent) return [];
        return [{ pid: Number(name), words: readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0') }];
      } catch {
        return [];
      }
    });
}

/** Command lines of running processes whose arguments or environment name a folder. */
export function processesNaming(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((pid) => {
      try {
        if (readlinkSync(`/proc/${pid}/exe`) === '') return [];
        const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        const names = text.includes(folder) || readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folder);
        return names ? [`${pid} ${text.replaceAll('\0', ' ')}`] : [];
      } catch {
        return [];
      }
    });
}
