// Reads one directory of a cache in pieces and sorts its names into what a scan needs. Never follows links, never throws
// for what a shared file system can do meanwhile: what vanished is skipped, what cannot be read is reported.
import fs from 'node:fs';
import { basename } from 'node:path';
import { compareBytes } from '../model/byteOrder.ts';
import type { EntryKind, ListProblem } from '../model/cache.ts';
import { artifactOfManifest, isImageName, isManifestName, kindOfDirectory } from './cacheNames.ts';

export interface CacheDirectory {
  /** Names of regular files (or links to them) that are manifests, in the order of their artifacts. */
  readonly manifests: string[];
  readonly directories: string[];
  /** Some manifest is a link: its target can change without this directory's times changing. */
  linked: boolean;
  /** Names of image files, when asked for; in no order. */
  readonly images: string[];
}

export interface ReadDirectoryOptions {
  /** Collect images too. Costs memory on big caches. */
  readonly images?: boolean;
  readonly onProblem: (problem: ListProblem) => void;
}

/** readdir in one piece sorts and costs twice as much as pieces of this size. */
const PIECE = 1024;

/** Reads a directory, or gives undefined when it is gone or cannot be read (then reported). */
export function readCacheDirectory(path: string, options: ReadDirectoryOptions): CacheDirectory | undefined {
  const found: CacheDirectory = { manifests: [], directories: [], linked: false, images: [] };
  try {
    const handle = fs.opendirSync(path, { bufferSize: PIECE });
    try {
      for (let entry = handle.readSync(); entry; entry = handle.readSync()) {
        sortIn(entry, path, found, options);
      }
    } finally {
      handle.closeSync();
    }
  } catch (error) {
    const problem = directoryProblem(error);
    if (problem) options.onProblem({ path, problem });
    else return undefined;
  }
  return sorted(found);
}

function sortIn(entry: fs.Dirent, path: string, found: CacheDirectory, options: ReadDirectoryOptions): void {
  const { name } = entry;
  if (isManifestName(name)) {
    if (acceptManifest(entry, `${path}/${name}`, options)) found.manifests.push(name);
    if (!entry.isFile()) found.linked = true;
  } else if (entry.isDirectory()) {
    found.directories.push(name);
  } else if (options.images && isImageName(name)) {
    found.images.push(name);
  }
  if (!entry.isFile() && entry.isSymbolicLink()) noteLinkedDirectory(`${path}/${name}`, options);
}

function acceptManifest(entry: fs.Dirent, path: string, { onProblem }: ReadDirectoryOptions): boolean {
  if (entry.name.includes('\ufffd') && !fs.existsSync(path)) {
    onProblem({ path, problem: 'its name is not valid UTF-8, so no tool lists it; rename or remove it' });
    return false;
  }
  if (entry.isFile()) return true;
  const what = entry.isSymbolicLink() ? linkTarget(path) : kindOfEntry(entry);
  if (what === 'file') return true;
  onProblem({ path, problem: `a manifest is expected here, but this is ${what}; remove it` });
  return false;
}

function kindOfEntry(entry: fs.Dirent): string {
  if (entry.isDirectory()) return 'a directory';
  if (entry.isFIFO()) return 'a named pipe';
  if (entry.isSocket()) return 'a socket';
  return 'a device';
}

function linkTarget(path: string): string {
  try {
    return fs.statSync(path).isFile() ? 'file' : 'a link to something that is no file';
  } catch {
    return 'a link to nothing';
  }
}

function noteLinkedDirectory(path: string, { onProblem }: ReadDirectoryOptions): void {
  try {
    if (fs.statSync(path).isDirectory())
      onProblem({ path, problem: 'is a link to a directory and was not followed' });
  } catch {
    // A dangling link that is no manifest is none of our business.
  }
}

function directoryProblem(error: unknown): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied: this directory was skipped';
  return `cannot be read (${code ?? String(error)}): this directory was skipped`;
}

function sorted(found: CacheDirectory): CacheDirectory {
  sortNames(found.manifests, artifactOfManifest);
  sortNames(found.directories, (name) => name);
  return found;
}

/** The engine's own comparison first: it is right for nearly all names, and a function costs 0.2 s at 100,000 of them. */
function sortNames(names: string[], keyOf: (name: string) => string): void {
  names.sort();
  let before = '';
  for (const name of names) {
    const key = keyOf(name);
    if (before !== '' && compareBytes(before, key) > 0) {
      names.sort((a, b) => compareBytes(keyOf(a), keyOf(b)));
      return;
    }
    before = key;
  }
}

/** Images of base/ and prepared/ that no manifest in `contents` commits, and their kind; none in other directories. */
export function uncommittedImages(
  directory: string,
  { images, manifests }: CacheDirectory,
): { readonly kind: EntryKind; readonly names: string[] } {
  const kind = kindOfDirectory(basename(directory));
  if ((kind !== 'base' && kind !== 'prepared') || images.length === 0) return { kind, names: [] };
  const committed = new Set(manifests);
  const names = images.filter((image) => !committed.has(`${image}.json`));
  sortNames(names, (name) => name);
  return { kind, names };
}
