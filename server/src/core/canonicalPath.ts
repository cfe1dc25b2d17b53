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
