// Paths on the host: expansion of `~`, lexical normalisation, and the four roots that every node has for itself.
// Cache contract, sections 1.2, 1.3 and 1.8; lint rules HPC004 and HPC005.

export const NODE_LOCAL_ROOTS = ['/tmp', '/var/tmp', '/private/tmp', '/dev/shm'] as const;

/** Drops empty and `.` components, resolves `..` by text alone; never follows links. */
export function normalizePath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return (path.startsWith('/') ? '/' : '') + parts.join('/');
}

/** `~` and `~/x` become paths below HOME; without HOME, and for `~user`, the text stays. */
export function expandHome(path: string, home: string | undefined): string {
  if (home === undefined || (path !== '~' && !path.startsWith('~/'))) return path;
  return home + path.slice(1);
}

/** Absolute normalised path of a text in a spec: `~` expanded, relative texts below the project directory. */
export function resolveHostPath(path: string, projectDir: string, home: string | undefined): string {
  const expanded = expandHome(path, home);
  return normalizePath(expanded.startsWith('/') ? expanded : `${projectDir}/${expanded}`);
}

/** True when `path` is `root` or lies below it, by components. Both absolute and normalised. */
export function isBelow(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith('/') ? root : `${root}/`);
}

/** The node-local root that the normalised path lies in, or undefined. */
export function nodeLocalRootOf(path: string): string | undefined {
  return NODE_LOCAL_ROOTS.find((root) => isBelow(path, root));
}
