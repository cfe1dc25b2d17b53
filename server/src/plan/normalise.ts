// Turns mounts of a spec into the strings that keys and manifests hold (cache contract, section 2.2).
import { resolveHostPath } from '../spec/grammar/localPath.ts';
import { parseMount } from '../spec/grammar/mount.ts';

/** Where relative paths of a spec are resolved. */
export interface PathBase {
  /** Directory of the real path of the root spec. */
  readonly projectDir: string;
  /** `$HOME`; undefined when unset: `~` then stays a name. */
  readonly home: string | undefined;
}

/** `host:container[:mode]` with the host path expanded and normalised; undefined when the mount breaks its grammar (R114). */
export function normaliseMount(text: string, { projectDir, home }: PathBase): string | undefined {
  const mount = parseMount(text);
  if (!mount.ok) return undefined;
  const { host, container, mode } = mount.value;
  const paths = `${resolveHostPath(host, projectDir, home)}:${container}`;
  return mode === undefined ? paths : `${paths}:${mode}`;
}
