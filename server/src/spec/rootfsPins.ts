// The comment `# hpc-rootfs-cache: pinned` above a service: its unpacked image is not to be evicted. A comment, because specs have
// no key for it. Source: rootfs contract, section 3.4.

const PRAGMA = /^[ \t]*#[ \t]*hpc-rootfs-cache:[ \t]*pinned[ \t]*$/;
const NOTHING = /^[ \t]*(#.*)?$/;
const KEY = /^[ \t]+(?:"([^"]+)"|'([^']+)'|([^\s:#"'-][^:#]*?))[ \t]*:(?:[ \t]|$)/;

/** Names of the keys that the comment stands above; blank lines and other comments may lie between. */
export function pinnedServices(text: string): string[] {
  if (!text.includes('hpc-rootfs-cache:')) return [];
  const names: string[] = [];
  let pinned = false;
  for (const line of text.split(/\r?\n/)) {
    if (PRAGMA.test(line)) pinned = true;
    else if (pinned && !NOTHING.test(line)) {
      const match = KEY.exec(line);
      const name = match?.[1] ?? match?.[2] ?? match?.[3];
      if (name !== undefined) names.push(name);
      pinned = false;
    }
  }
  return names;
}
