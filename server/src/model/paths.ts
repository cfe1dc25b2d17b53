// Lexical path arithmetic with `/`, as hpc-compose does it (cache contract, section 1.3): never a look at the disk.

/** Drops empty and `.` components and lets `..` pop one; a relative path may become the empty string. */
export function normalisePath(path: string): string {
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') kept.pop();
    else if (part !== '' && part !== '.') kept.push(part);
  }
  return (path.startsWith('/') ? '/' : '') + kept.join('/');
}

/** `path` below `base`; an absolute `path` stands for itself. Not normalised. */
export function joinPath(base: string, path: string): string {
  if (path.startsWith('/') || base === '') return path;
  return base.endsWith('/') ? base + path : `${base}/${path}`;
}

/** `path` made absolute against `base` and normalised. */
export function resolvePath(base: string, path: string): string {
  return normalisePath(joinPath(base, path));
}

/** The directory that holds `path`: `/` for the root, the empty string for a bare name. */
export function parentPath(path: string): string {
  const trimmed = path.length > 1 ? path.replace(/\/+$/, '') : path;
  const cut = trimmed.lastIndexOf('/');
  return cut < 0 ? '' : cut === 0 ? '/' : trimmed.slice(0, cut);
}

/** True when both spell the same components: `//`, `.` and a trailing `/` do not matter, `..` does. */
export function samePath(a: string, b: string): boolean {
  return pathKey(a) === pathKey(b);
}

/** True when `path` equals `root` or lies below it, by whole components. */
export function isAtOrBelow(path: string, root: string): boolean {
  const rootKey = pathKey(root);
  const key = pathKey(path);
  return key === rootKey || key.startsWith(rootKey.endsWith('/') ? rootKey : `${rootKey}/`);
}

function pathKey(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return (path.startsWith('/') ? '/' : '') + parts.join('/');
}
