// Turns paths and mounts of a spec into the strings that keys and manifests hold (cache contract, sections 1.2 and 2.2).
import { joinPath, normalisePath } from '../model/paths.ts';

/** Where relative paths of a spec are resolved. */
export interface PathBase {
  /** Directory of the real path of the root spec. */
  readonly projectDir: string;
  /** `$HOME`; undefined when unset: `~` then stays a name. */
  readonly home: string | undefined;
}

/** Replaces a leading `~` or `~/`. `~user` is not expanded. */
export function expandHome(path: string, home: string | undefined): string {
  if (home === undefined) return path;
  if (path === '~') return home;
  return path.startsWith('~/') ? `${home}/${path.slice(2)}` : path;
}

/** A host path of a spec: `~` expanded, joined to the project directory, normalised. */
export function normaliseHostPath(path: string, { projectDir, home }: PathBase): string {
  return normalisePath(joinPath(projectDir, expandHome(path, home)));
}

/** Path part of a mount, mode part left as written; undefined when the mount has not 2 or 3 fields. */
export function normaliseMount(mount: string, base: PathBase): string | undefined {
  const fields = mount.split(':');
  const [host, container, mode] = fields;
  if (host === undefined || container === undefined || fields.length > 3) return undefined;
  const paths = `${normaliseHostPath(host.trim(), base)}:${container.trim()}`;
  return mode === undefined ? paths : `${paths}:${mode}`;
}
