// Whether the srun at hand has the option of the rootfs cache: plugins add theirs to its help. Asking it talks to nobody.
import { executableOnPath } from '../executable.ts';

/** Arguments under which srun tells its options. */
export const SRUN_HELP: readonly string[] = ['--help'];

/** The srun on PATH, or undefined. */
export function findSrun(path: string | undefined): string | undefined {
  return executableOnPath('srun', path);
}

/** True when the help of srun lists `--container-cache`. */
export function listsCacheFlag(help: string): boolean {
  return /(^|\s)--container-cache(\s|$)/m.test(help);
}
