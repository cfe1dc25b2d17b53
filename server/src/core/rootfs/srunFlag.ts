// Whether the srun at hand has the option of the rootfs cache: plugins add theirs to its help. Asking it talks to nobody.
import { delimiter, isAbsolute, join } from 'node:path';
import { accessSync, constants } from 'node:fs';

/** Arguments under which srun tells its options. */
export const SRUN_HELP: readonly string[] = ['--help'];

/** The srun on PATH, or undefined. */
export function findSrun(path: string | undefined): string | undefined {
  const places = (path ?? '').split(delimiter).filter(isAbsolute);
  return places.map((folder) => join(folder, 'srun')).find(isExecutable);
}

/** True when the help of srun lists `--container-cache`. */
export function listsCacheFlag(help: string): boolean {
  return /(^|\s)--container-cache(\s|$)/m.test(help);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
