// Lists and hashes a source tree as hpc-compose snapshots it for a job (cache contract, section 2.4). Reads only.
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { runProcess, type ProcessRun } from '../core/process.ts';
import { compareBytes } from '../model/byteOrder.ts';
import type { StagedInput } from '../model/plan.ts';
import { createIgnore } from '../plan/sourceIgnore.ts';
import { createSourceHash, type SourceHash } from '../plan/sourceSnapshot.ts';
import { stagedInput } from '../plan/stagedInputs.ts';

export interface SourceSnapshot {
  /** Relative paths in the order of the hash. */
  readonly files: readonly string[];
  readonly contentHash: string;
  readonly input: StagedInput;
}

export interface SnapshotPorts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly run?: ProcessRun;
  readonly signal?: AbortSignal;
}

/** The snapshot that a submission from `root` would take now. Throws system errors. */
export async function snapshotSource(
  root: string,
  cacheDir: string,
  ports: SnapshotPorts,
): Promise<SourceSnapshot> {
  const listed = (await gitFiles(root, ports)) ?? (await walkFiles(root));
  const isIgnored = createIgnore(await textOf(join(root, '.hpcignore')));
  const candidates = [...new Set(listed)].filter((path) => isInside(path) && !isIgnored(path));
  const hash = createSourceHash();
  const files: string[] = [];
  for (const path of candidates.sort(compareBytes)) {
    ports.signal?.throwIfAborted();
    if (await addEntry(hash, root, path)) files.push(path);
  }
  const contentHash = hash.digest();
  return { files, contentHash, input: stagedInput('source', 'source-tree', contentHash, cacheDir) };
}

/** True when the entry counts: plain files and links, still there. */
async function addEntry(hash: SourceHash, root: string, path: string): Promise<boolean> {
  const full = join(root, path);
  const status = await lstat(full).catch(() => undefined);
  if (status?.isSymbolicLink() === true) {
    hash.link(path, await readlink(full, { encoding: 'buffer' }));
    return true;
  }
  if (status?.isFile() !== true) return false;
  const chunks = createReadStream(full) as AsyncIterable<Buffer>;
  await hash.file(path, (status.mode & 0o111) !== 0, status.size, chunks);
  return true;
}

/** Tracked files and untracked ones that git does not ignore; undefined outside a git tree or without git. */
async function gitFiles(root: string, { env, run = runProcess, signal }: SnapshotPorts) {
  const args = ['-C', root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const result = await run({ command: 'git', args, env, ...(signal ? { signal } : {}) });
  if (result.exitCode !== 0) return undefined;
  return result.stdout.split('\0').filter((path) => path !== '');
}

const GENERATED = new Set([
  '.git',
  '.hpc-compose',
  'target',
  'node_modules',
  '.venv',
  'venv',
  '__pycache__',
  '.pytest_cache',
  '.mypy_cache',
  '.ruff_cache',
]);

async function walkFiles(root: string): Promise<string[]> {
  const isIgnored = createIgnore(await textOf(join(root, '.gitignore')));
  const files: string[] = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (!entry.isDirectory()) files.push(path);
      else if (!GENERATED.has(entry.name)) folders.push(path);
    }
  }
  return files.filter((path) => !isIgnored(path));
}

function isInside(path: string): boolean {
  return path !== '' && !path.startsWith('/') && !path.split('/').includes('..');
}

async function textOf(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
