// Lists a cache of any size in constant memory: what did not change comes from the index, the rest is read, rendered and handed
// on in pieces, in the order of the artifact paths.
import fs from 'node:fs';
import type { ListProblem } from '../../model/cache.ts';
import { readCacheDirectory, type CacheDirectory } from '../cacheDirectory.ts';
import { createBytesReader, type BytesReader } from '../manifestFile.ts';
import { entryFromMark, isStagedDirectory, joinSpelled, orderedItems } from '../scan.ts';
import { createRecordedMask, type RecordedMask } from '../secretTexts.ts';
import { indexPlace } from './indexPlace.ts';
import {
  createIndexWriter,
  directoryIdentity,
  openIndex,
  type IndexWriter,
  type IndexedDirectory,
  type IndexedPiece,
  type OpenIndex,
} from './listingIndex.ts';
import { renderManifest, type ListingFormat } from './renderEntry.ts';
import { renderRun } from './renderRun.ts';

export interface ListingRequest {
  readonly cacheDir: string;
  readonly format: ListingFormat;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Read every manifest, whatever the index says. */
  readonly rescan?: boolean;
  /** Takes the bytes of the listing, valid during the call. `json` items come without the brackets around them. */
  readonly write: (bytes: Uint8Array) => void;
}

export interface ListingSummary {
  readonly entries: number;
  readonly problems: readonly ListProblem[];
}

interface Listing {
  readonly request: ListingRequest;
  readonly read: BytesReader;
  readonly mask: RecordedMask;
  readonly index: OpenIndex | undefined;
  readonly writer: IndexWriter | undefined;
  readonly problems: ListProblem[];
  entries: number;
}

/** Writes the listing of a cache. Damaged entries are in the summary, not in the listing. */
export function streamListing(request: ListingRequest): ListingSummary {
  const place = indexPlace(request.cacheDir, request.format, request.env);
  const index = request.rescan ? undefined : openFirst(place.files, request);
  const unchanged = index ? allUnchanged(index, request) : false;
  const writer = unchanged ? undefined : createIndexWriter(place.make);
  const read = createBytesReader();
  const mask = createRecordedMask(request.cacheDir);
  const listing: Listing = { request, read, mask, index, writer, problems: [], entries: 0 };
  try {
    listDirectory(listing, '');
    writer?.finish(request.format, request.cacheDir);
    return { entries: listing.entries, problems: listing.problems };
  } finally {
    index?.close();
  }
}

function openFirst(files: readonly string[], { cacheDir, format }: ListingRequest): OpenIndex | undefined {
  for (const file of files) {
    const index = openIndex(file, cacheDir, format);
    if (index) return index;
  }
  return undefined;
}

function allUnchanged(index: OpenIndex, request: ListingRequest): boolean {
  return index.directories.every((known) => isUnchanged(known, index, request));
}

function isUnchanged(known: IndexedDirectory, index: OpenIndex, { cacheDir }: ListingRequest): boolean {
  return index.trusted(known.path, directoryIdentity(pathOf(cacheDir, known.path))) !== undefined;
}

function pathOf(cacheDir: string, relative: string): string {
  return relative === '' ? cacheDir : joinSpelled(cacheDir, relative);
}

function listDirectory(listing: Listing, relative: string): void {
  const directory = pathOf(listing.request.cacheDir, relative);
  const identity = directoryIdentity(directory);
  const known = listing.index?.trusted(relative, identity);
  if (known) {
    listKnown(listing, known);
    return;
  }
  const before = listing.problems.length;
  const contents = readCacheDirectory(directory, {
    onProblem: (problem) => void listing.problems.push(problem),
  });
  if (!contents) return;
  const own: ListProblem[] = listing.problems.slice(before);
  const { items, volatile } = listContents(listing, relative, contents, own);
  if (identity)
    listing.writer?.addDirectory({
      path: relative,
      identity,
      items,
      problems: own,
      volatile: volatile || contents.linked,
    });
}

interface ListedContents {
  readonly items: IndexedDirectory['items'];
  readonly volatile: boolean;
}

function listContents(
  listing: Listing,
  relative: string,
  contents: CacheDirectory,
  problems: ListProblem[],
): ListedContents {
  const items: (IndexedPiece | { child: string })[] = [];
  let volatile = false;
  for (const item of orderedItems(contents, relative === '')) {
    if ('child' in item) {
      const child = relative === '' ? item.child : `${relative}/${item.child}`;
      if (isStagedDirectory(pathOf(listing.request.cacheDir, child))) {
        volatile = listMarked(listing, child) || volatile;
        continue;
      }
      items.push({ child });
      listDirectory(listing, child);
    } else {
      const piece = listManifests(
        listing,
        pathOf(listing.request.cacheDir, relative),
        item.manifests,
        problems,
      );
      if (piece) items.push(piece);
    }
  }
  return { items, volatile };
}

/** An entry known by the mark inside its directory: nothing outside tells when that changes. */
function listMarked(listing: Listing, relative: string): boolean {
  const entry = entryFromMark(pathOf(listing.request.cacheDir, relative));
  if (!entry) return false;
  emit(listing, Buffer.from(renderManifest(entry.manifest, entry.artifactPath, listing.request.format)), 1);
  return true;
}

function listManifests(
  listing: Listing,
  directory: string,
  names: readonly string[],
  problems: ListProblem[],
): IndexedPiece | undefined {
  const { request, writer } = listing;
  writer?.endPiece();
  let first = true;
  for (const { bytes, count, problems: found } of renderRun(directory, names, request, listing)) {
    problems.push(...found);
    listing.problems.push(...found);
    if (count === 0) continue;
    if (!first && request.format === 'json') writer?.add(SEPARATOR, 0);
    writer?.add(bytes, count);
    emit(listing, bytes, count);
    first = false;
  }
  return writer?.endPiece();
}

const SEPARATOR = Buffer.from(',\n');

function emit(listing: Listing, bytes: Uint8Array, count: number): void {
  if (listing.request.format === 'json' && listing.entries > 0) listing.request.write(SEPARATOR);
  listing.request.write(bytes);
  listing.entries += count;
}

/** Copies a directory's part of the index, and enters its children, each of which is judged on its own. */
function listKnown(listing: Listing, known: IndexedDirectory): void {
  listing.problems.push(...known.problems);
  const items: (IndexedPiece | { child: string })[] = [];
  for (const item of known.items) {
    if ('child' in item) {
      items.push(item);
      listChild(listing, item.child);
    } else {
      const piece = copyPiece(listing, item);
      if (piece) items.push(piece);
    }
  }
  listing.writer?.addDirectory({ ...known, items });
}

/** A child may have become a staged directory since: its own times tell, so only a changed one is asked. */
function listChild(listing: Listing, child: string): void {
  const directory = pathOf(listing.request.cacheDir, child);
  const trusted = listing.index?.trusted(child, directoryIdentity(directory));
  if (!trusted && isStagedDirectory(directory)) listMarked(listing, child);
  else listDirectory(listing, child);
}

const COPY_BYTES = 1024 * 1024;

function copyPiece(listing: Listing, { at, length, count }: IndexedPiece): IndexedPiece | undefined {
  const { index, writer, request } = listing;
  if (!index) return undefined;
  writer?.endPiece();
  if (request.format === 'json' && listing.entries > 0) request.write(SEPARATOR);
  for (let done = 0; done < length;) {
    const buffer = Buffer.allocUnsafe(Math.min(COPY_BYTES, length - done));
    const got = fs.readSync(index.fd, buffer, 0, buffer.length, at + done);
    if (got === 0) break;
    const bytes = buffer.subarray(0, got);
    request.write(bytes);
    writer?.add(bytes, 0);
    done += got;
  }
  writer?.add(Buffer.alloc(0), count);
  listing.entries += count;
  return writer?.endPiece();
}
