// Paths on the host: expansion of `~`, lexical normalisation, and the four roots that every node has for itself.
// Cache contract, sections 1.2, 1.3 and 1.8; lint rules HPC004 and HPC005.
import { isAtOrBelow, resolvePath } from '../../model/paths.ts';

export const NODE_LOCAL_ROOTS = ['/tmp', '/var/tmp', '/private/tmp', '/dev/shm'] as const;

/** `~` and `~/x` become paths below HOME; without HOME, and for `~user`, the text stays. */
export function expandHome(path: string, home: string | undefined): string {
  if (home === undefined || (path !== '~' && !path.startsWith('~/'))) return path;
  return home + path.slice(1);
}

/** Absolute normalised path of a text in a spec: `~` expanded, relative texts below the project directory. */
export function resolveHostPath(path: string, projectDir: string, home: string | undefined): string {
  return resolvePath(projectDir, expandHome(path, home));
}

/** The node-local root that the normalised path lies in, or undefined. */
export function nodeLocalRootOf(path: string): string | undefined {
  return NODE_LOCAL_ROOTS.find((root) => isAtOrBelow(path, root));
}
