// Where files lie below one directory, for thousands of them: resolving each path costs more than everything else that a prune
// does with it, so paths that begin like the directory and hold nothing to resolve are only cut.
import path from 'node:path';

/** Components that resolving would change, or that are none. */
const UNRESOLVED = /(?:^|\/)\.{0,2}(?:\/|$)/;

/** Gives what path.relative gives for a directory and a file, both resolved first. */
export function relativeTo(directory: string): (file: string) => string {
  const root = path.resolve(directory);
  const prefixes = [directory, root].map((place) => (place.endsWith('/') ? place : `${place}/`));
  return (file) => {
    const prefix = prefixes.find((one) => file.startsWith(one));
    const rest = prefix === undefined ? '' : file.slice(prefix.length);
    return UNRESOLVED.test(rest) ? path.relative(root, path.resolve(file)) : rest;
  };
}
