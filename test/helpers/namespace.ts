// A place in which file systems may be mounted without anybody else seeing them.
import { spawnSync } from 'node:child_process';

/** Words before a command: a mount namespace as root, else a user namespace. */
export const NAMESPACE: readonly string[] = process.getuid?.() === 0 ? ['unshare', '-m'] : ['unshare', '-rm'];

let works: boolean | undefined;

/** True where such a namespace can be had and mounted in. */
export function canMount(): boolean {
  const [command = '', ...args] = NAMESPACE;
  works ??= spawnSync(command, [...args, 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
  return works;
}
