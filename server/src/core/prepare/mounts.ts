// Mounts of a prepare block as enroot understands them. enroot takes the third field of `host:container:ro` for a file system
// type, so a mode must be spelt as mount options; without a mode the string goes through unchanged (cache contract, 6.2).
import { chmodSync, lstatSync, readlinkSync, rmdirSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface Mount {
  readonly host: string;
  readonly container: string;
  readonly mode: string | undefined;
}

function parseMount(mount: string): Mount {
  const [host = '', container = '', mode] = mount.split(':');
  return { host, container, mode };
}

/** The argument of `enroot start --mount`. */
export function enrootMount(mount: string): string {
  const { host, container, mode } = parseMount(mount);
  return mode === undefined ? mount : `${host}:${container}:none:x-create=auto,bind,${mode}`;
}

/** A place that enroot made in the root file system to mount on, with the folders above it that it made too. */
export interface MadePlace {
  /** Deepest first. */
  readonly paths: readonly string[];
}

/** Which mount points, looked at before the first start, do not exist yet: enroot makes them and leaves them with mode 0. */
export function missingMountPoints(mounts: readonly string[], rootfs: string): MadePlace[] {
  return mounts
    .map(parseMount)
    .filter((mount) => mount.mode !== undefined)
    .map((mount) => ({ paths: missingParts(rootfs, mount.container) }))
    .filter((place) => place.paths.length > 0);
}

/** Removes made mount points while they are empty, and makes readable what is not. Never touches what was there before. */
export function removeMadePlaces(places: readonly MadePlace[]): void {
  for (const path of places.flatMap((place) => place.paths)) {
    if (!removeEmpty(path)) makeReadable(path);
  }
}

function removeEmpty(path: string): boolean {
  try {
    const stat = lstatSync(path);
    if (stat.isDirectory()) rmdirSync(path);
    else if (stat.isFile() && stat.size === 0) unlinkSync(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

function makeReadable(path: string): void {
  try {
    const stat = lstatSync(path);
    if (!stat.isSymbolicLink() && (stat.mode & 0o777) === 0) chmodSync(path, 0o755);
  } catch {
    // Gone, or not ours to change.
  }
}

const LINK_LIMIT = 40;

// Walks as the container would see it: links lead to places inside the root file system, never out of it.
function missingParts(rootfs: string, container: string): string[] {
  let here = rootfs;
  const rest = container.split('/').filter((part) => part !== '' && part !== '.');
  for (let links = 0; rest.length > 0;) {
    const part = rest.shift() ?? '';
    if (part === '..') {
      here = here === rootfs ? rootfs : dirname(here);
      continue;
    }
    const next = join(here, part);
    const target = linkTarget(next);
    if (target === 'missing') return partsBelow(here, [part, ...rest]);
    if (target === undefined) here = next;
    else if (++links > LINK_LIMIT) return [];
    else {
      rest.unshift(...target.split('/').filter((piece) => piece !== '' && piece !== '.'));
      if (target.startsWith('/')) here = rootfs;
    }
  }
  return [];
}

function partsBelow(folder: string, names: readonly string[]): string[] {
  if (names.includes('..')) return [];
  return names.map((_name, index) => join(folder, ...names.slice(0, index + 1))).reverse();
}

function linkTarget(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch {
    return 'missing';
  }
}
