// Reads and renders some manifests of one directory, in order: the unit of work of a listing, on whichever thread.
import type { ListProblem } from '../../model/cache.ts';
import type { BytesReader } from '../manifestFile.ts';
import { eachPresentManifest } from '../presentManifests.ts';
import type { RecordedMask } from '../secretTexts.ts';
import { renderEntry, type ListingFormat } from './renderEntry.ts';

export interface RenderedNames {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly problems: readonly ListProblem[];
}

/** Entries of the names that are still there; JSON items are joined by commas, with none at the ends. */
export function renderNames(
  directory: string,
  names: readonly string[],
  format: ListingFormat,
  read: BytesReader,
  mask: RecordedMask,
): RenderedNames {
  const problems: ListProblem[] = [];
  const texts: string[] = [];
  eachPresentManifest(directory, names, read, (bytes, manifestPath, artifactPath) => {
    const rendered = Buffer.isBuffer(bytes)
      ? renderEntry(bytes, artifactPath, format, mask(artifactPath))
      : bytes;
    if ('text' in rendered) texts.push(rendered.text);
    else problems.push({ path: manifestPath, problem: rendered.problem });
  });
  return {
    bytes: Buffer.from(texts.join(format === 'json' ? ',\n' : ''), 'utf8'),
    count: texts.length,
    problems,
  };
}
