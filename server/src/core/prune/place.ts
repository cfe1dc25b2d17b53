// Whether something that a plan names can be what the plan says, by where it lies: a plan is a value that was saved and may have
// been edited, and nothing but entries, layers, job folders and leftovers may ever be removed.
import path from 'node:path';
import type { PrunePlanEntry } from '../../model/cache.ts';
import { isCacheFolder, isImageName, isManifestName, isStagedKind, kindOfDirectory } from '../cacheNames.ts';
import { isLeftoverName } from '../sweep.ts';

/** Folders below the cache that hold no entries. */
const WITHOUT_ENTRIES = /^(?:enroot|runtime|rendezvous|\.hpc-compose-vscode)(?:\/|$)/;

/** True when `name` in `folder` (relative to the cache, `.` for itself) may be of this kind. */
export function mayLieThere(kind: PrunePlanEntry['kind'], folder: string, name: string): boolean {
  switch (kind) {
    case 'layer':
      return folder === 'enroot/cache';
    case 'runtime':
      return folder === 'runtime';
    case 'orphan':
      return isOrphanImage(folder, name) || isLeftoverName(folder, name);
    default:
      if (WITHOUT_ENTRIES.test(folder) || isCacheFolder(folder === '.' ? name : `${folder}/${name}`))
        return false;
      return isStagedKind(kind) || isManifestName(`${name}.json`);
  }
}

function isOrphanImage(folder: string, name: string): boolean {
  return isImageName(name) && ['base', 'prepared'].includes(kindOfDirectory(path.basename(folder)));
}
