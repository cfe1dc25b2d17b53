// Who has a tree mounted: a container outlives the process that held its lock. Read from /proc, so it is true for this node
// only. Source: rootfs contract, section 2.7 steps 7d and 7f.
import fs from 'node:fs';

interface Mount {
  readonly device: string;
  /** The mounted directory, below the file system's own root. */
  readonly root: string;
  readonly point: string;
}

/** One look at all mounts; asks for the processes that use a tree (or a part of it) as mount or as root. */
export function readMountUsers(): (path: string) => number[] {
  const used = readUses();
  const own = readMounts('/proc/self/mountinfo');
  return (path) => {
    if (used.length === 0) return [];
    const place = placeOf(path, own);
    const users = used.filter(({ mount, root }) =>
      mount ? isMountOf(mount, place) : isBelow(root, place.path),
    );
    return [...new Set(users.map(({ pid }) => pid))];
  };
}

/** Processes in whose mount namespace, or as whose root, the tree at `path` is used now. */
export function mountUsers(path: string): number[] {
  return readMountUsers()(path);
}

interface Use {
  readonly pid: number;
  /** Undefined: the process has it as its root. */
  readonly mount?: Mount;
  readonly root: string;
}

const ENTRY_NAME = /pyxis_cache_u\d+_[0-9a-f]{16}/;

function readUses(): Use[] {
  const seen = new Set<string>();
  const uses: Use[] = [];
  for (const pid of processIds()) {
    const root = readLink(`/proc/${pid}/root`) ?? '';
    if (ENTRY_NAME.test(root)) uses.push({ pid, root });
    const namespace = readLink(`/proc/${pid}/ns/mnt`);
    if (namespace !== undefined && seen.has(namespace)) continue;
    if (namespace !== undefined) seen.add(namespace);
    for (const mount of readMounts(`/proc/${pid}/mountinfo`)) {
      if (ENTRY_NAME.test(mount.root)) uses.push({ pid, mount, root: mount.root });
    }
  }
  return uses;
}

/** Mount points inside `path` as this process sees them: deleting would reach through them. */
export function mountPointsBelow(path: string): string[] {
  const real = realPath(path);
  return readMounts('/proc/self/mountinfo')
    .map(({ point }) => point)
    .filter((point) => isBelow(point, real));
}

interface Place {
  readonly path: string;
  /** Undefined where the device of files is not the one of the mount (btrfs, overlay): then names decide. */
  readonly device: string | undefined;
  readonly root: string;
  readonly tail: string;
}

function placeOf(path: string, own: readonly Mount[]): Place {
  const real = realPath(path);
  const tail = real.split('/').slice(-2).join('/');
  const mount = own
    .filter(({ point }) => isBelow(real, point))
    .reduce<Mount | undefined>(
      (deepest, next) => (deepest && deepest.point.length > next.point.length ? deepest : next),
      undefined,
    );
  if (!mount) return { path: real, device: undefined, root: real, tail };
  const rest = mount.point === '/' ? real : real.slice(mount.point.length);
  const device = deviceOf(real) === mount.device ? mount.device : undefined;
  return { path: real, device, root: mount.root === '/' ? rest : mount.root + rest, tail };
}

function isMountOf(mount: Mount, place: Place): boolean {
  if (place.device === undefined) return `${mount.root}/`.includes(`/${place.tail}/`);
  return mount.device === place.device && isBelow(mount.root, place.root);
}

function deviceOf(path: string): string | undefined {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return undefined;
  const major = ((stat.dev >>> 8) & 0xfff) | 0;
  const minor = (stat.dev & 0xff) | ((stat.dev >>> 12) & 0xfff00);
  return `${major}:${minor}`;
}

function readMounts(path: string): Mount[] {
  let text;
  try {
    text = fs.readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  const mounts: Mount[] = [];
  for (const line of text.split('\n')) {
    const [, , device, root, point] = line.split(' ', 5);
    if (device && root && point) mounts.push({ device, root: unescape(root), point: unescape(point) });
  }
  return mounts;
}

/** Process ids in /proc. */
export function processIds(): number[] {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function unescape(text: string): string {
  const bytes = text.replace(/\\([0-7]{3})/g, (_whole, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return bytes.replace(/ \(deleted\)$|\/\/deleted$/, '');
}

function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}

function realPath(path: string): string {
  try {
    return fs.realpathSync(path);
  } catch {
    return path;
  }
}

function readLink(path: string): string | undefined {
  try {
    return fs.readlinkSync(path);
  } catch {
    return undefined;
  }
}
