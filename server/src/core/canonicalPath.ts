// Comparison of paths by place: links resolved, as far as the path exists.
import fs from 'node:fs';
import path from 'node:path';

/** Canonical path; for what does not exist, that of the nearest existing ancestor plus the rest. */
export function canonicalPath(file: string): string {
  const absolute = path.resolve(file);
  try {
    return fs.realpathSync(absolute);
  } catch {
    const parent = path.dirname(absolute);
    return parent === absolute ? absolute : path.join(canonicalPath(parent), path.basename(absolute));
  }
}

/** canonicalPath for directories that come again and again: each is looked at once. */
export function canonicalDirectories(): (directory: string) => string {
  const known = new Map<string, string>();
  return (directory) => {
    let real = known.get(directory);
    if (real === undefined) known.set(directory, (real = canonicalPath(directory)));
    return real;
  };
}

/** Gives paths with their directories canonical, looked at once each; the artifact itself may be a link, and stays one. */
export function canonicalArtifacts(): (file: string) => string {
  const canonical = canonicalDirectories();
  return (file) => {
    const directory = canonical(path.dirname(file));
    return `${directory === '/' ? '' : directory}/${path.basename(file)}`;
  };
}
