// Files of enroot's download cache below `enroot/cache`: shared by all imports, remade by a download.
import path from 'node:path';
import { lstatOrNothing, namesIn } from '../diskUsage.ts';
import { fileCandidate, type Candidate } from './candidates.ts';

/** Layers with the time they were last read or written. */
export function layerCandidates(cacheDir: string, now: number): Candidate[] {
  const directory = `${cacheDir}/enroot/cache`;
  // A store that is a link leads out of the cache.
  const parents = [path.dirname(directory), directory];
  if (!parents.every((at) => lstatOrNothing(at)?.isDirectory())) return [];
  return namesIn(directory)
    .map((name) => layer(path.join(directory, name), now))
    .filter((candidate) => candidate !== undefined);
}

function layer(file: string, now: number): Candidate | undefined {
  const candidate = fileCandidate(file, 'layer', 'layer of the download cache', now);
  const read = (lstatOrNothing(file)?.atimeMs ?? 0) / 1000;
  return candidate && { ...candidate, lastUsed: Math.min(now, Math.max(candidate.lastUsed, read)) };
}
