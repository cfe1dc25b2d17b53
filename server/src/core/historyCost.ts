// Whether looking for earlier builds takes so long that it belongs into a worker: told without reading more than a worker is worth.
import fs from 'node:fs';
import path from 'node:path';
import type { PlanMisses } from './inspectHistory.ts';
import { recordedBytes } from './registry.ts';

/** This many names are read in about 1 ms; a worker needs 40 ms to start. */
const MANY_NAMES = 2000;
/** Records of this size name some 300 manifests, which take about 10 ms. */
const LONG_RECORDS = 20_000;

/** True when directories of missing images are big, or when much was recorded for their spec. Never blocks. */
export async function takesLong({ cacheDir, specPath, misses }: PlanMisses): Promise<boolean> {
  if ((await recordedBytes(cacheDir, specPath)) > LONG_RECORDS) return true;
  const directories = new Set(misses.map(({ artifact }) => path.dirname(artifact.path)));
  for (const directory of directories) if (await holdsMany(directory)) return true;
  return false;
}

async function holdsMany(directory: string): Promise<boolean> {
  try {
    let count = 0;
    for await (const _ of await fs.promises.opendir(directory, { bufferSize: 512 }))
      if (++count > MANY_NAMES) return true;
    return false;
  } catch {
    return false;
  }
}
