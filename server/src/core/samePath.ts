// Comparison of paths, by text and by place.
import fs from 'node:fs';
import path from 'node:path';

/** Equality by components: doubled slashes, `.` and a trailing slash do not count; links do. */
export function sameComponents(a: string, b: string): boolean {
  return a === b || components(a) === components(b);
}

function components(text: string): string {
  const root = text.startsWith('/') ? '/' : '';
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  return root + parts.join('/');
}

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

/** True when `file` is `directory` or lies below it; both canonical. */
export function isInside(file: string, directory: string): boolean {
  return file === directory || file.startsWith(directory === '/' ? '/' : `${directory}/`);
}
