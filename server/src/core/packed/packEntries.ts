// Entries of a cache as JSON text, made from the bytes of their manifests: one in the exact layout needs no parsing.
import { basename } from 'node:path';
import type { CacheEntry, EntryKind, ListProblem } from '../../model/cache.ts';
import { kindOfDirectory } from '../cacheNames.ts';
import { lookAtEntry, type Surroundings } from '../entryState.ts';
import { entryOf } from '../list.ts';
import { plainItem } from '../listing/renderEntry.ts';
import { parseManifestBytes, type BytesReader } from '../manifestFile.ts';
import { matchManifestLayout } from '../manifestLayout.ts';
import { eachPresentManifest } from '../presentManifests.ts';
import type { PackedEntries } from './packedState.ts';

/** Packed entries with what is summed up over all. */
export interface PackedPiece extends PackedEntries {
  readonly problems: readonly ListProblem[];
  /** Bytes on disk. */
  readonly size: number;
  /** Sources of their images, each once. */
  readonly sources: readonly string[];
}

interface PackedEntry {
  readonly text: string;
  readonly size: number;
  readonly source: string;
  readonly problem?: string;
}

/** Entries of some manifests of a directory; names that are gone are left out. */
export function packNames(
  directory: string,
  names: readonly string[],
  read: BytesReader,
  around: Surroundings,
): PackedPiece {
  const problems: ListProblem[] = [];
  const packed: PackedEntry[] = [];
  eachPresentManifest(directory, names, read, (bytes, manifestPath, artifactPath) => {
    const place = { artifactPath, manifestPath, kind: kindOfDirectory(basename(directory)) };
    const entry = Buffer.isBuffer(bytes)
      ? (packLayout(bytes, artifactPath, around) ?? packParsed(parseManifestBytes(bytes), place, around))
      : packParsed(bytes, place, around);
    if (entry.problem !== undefined) problems.push({ path: manifestPath, problem: entry.problem });
    packed.push(entry);
  });
  return pieceOf(packed, problems);
}

/** Entries that are known as values. */
export function packValues(entries: readonly CacheEntry[]): PackedPiece {
  return pieceOf(entries.map(packValue), []);
}

function packValue(entry: CacheEntry): PackedEntry {
  return { text: JSON.stringify(entry), size: entry.bytes, source: entry.source_image };
}

/** Undefined when the manifest's text is not in the exact layout, or must be changed. */
function packLayout(bytes: Buffer, artifactPath: string, around: Surroundings): PackedEntry | undefined {
  const plain = bytes.toString('latin1');
  const layout = matchManifestLayout(plain);
  if (!layout) return undefined;
  const item = plainItem(plain, layout, artifactPath);
  if (item === undefined || around.mask(artifactPath)) return undefined;
  const recorded = {
    kind: layout.kind as EntryKind,
    artifact_path: plainText(layout.artifactPath),
    cache_key: plainText(layout.cacheKey),
  };
  const look = lookAtEntry(artifactPath, recorded, around);
  const text = `${item.slice(0, -'\n}'.length)},${JSON.stringify(look).slice(1)}`;
  return { text, size: look.bytes, source: plainText(layout.sourceImage) };
}

function plainText(json: string): string {
  return json.includes('\\') ? (JSON.parse(json) as string) : json.slice(1, -1);
}

interface Place {
  readonly artifactPath: string;
  readonly manifestPath: string;
  readonly kind: EntryKind;
}

function packParsed(
  parsed: ReturnType<typeof parseManifestBytes>,
  { kind, ...place }: Place,
  around: Surroundings,
): PackedEntry {
  if ('manifest' in parsed) return packValue(entryOf({ ...place, manifest: parsed.manifest }, around));
  const { problem } = parsed;
  return { ...packValue(entryOf({ ...place, kind, problem }, around)), problem };
}

function pieceOf(packed: readonly PackedEntry[], problems: readonly ListProblem[]): PackedPiece {
  const text = packed.map((entry) => entry.text).join(',\n');
  return {
    bytes: Buffer.from(text, 'utf8'),
    count: packed.length,
    problems,
    size: packed.reduce((sum, entry) => sum + entry.size, 0),
    sources: [...new Set(packed.map((entry) => entry.source))],
  };
}
