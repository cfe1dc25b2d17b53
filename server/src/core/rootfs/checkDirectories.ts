// Whether directories may be trusted, checked through opened descriptors at every operation. What already exists is never
// given another owner or mode: a wrong one is an error with the command that mends it. Source: rootfs contract, section 2.4.
import fs from 'node:fs';
import { dirname } from 'node:path';
import { RootfsFailure } from '../../model/rootfs.ts';
import type { UserLayout } from './layout.ts';
import type { RootfsPorts } from './rootfsPorts.ts';

const NEVER_A_BASE: readonly string[] = ['/', '/tmp', '/var/tmp', '/dev/shm', '/run'];
const OPEN_DIRECTORY = fs.constants.O_RDONLY | fs.constants.O_DIRECTORY | fs.constants.O_NOFOLLOW;
const TMPFS = 0x01021994;

/** What looking at the base needs. */
export type DirectoryPorts = Pick<RootfsPorts, 'env' | 'uid' | 'statfs'>;

/** Magic numbers of file systems whose locks or deletions cannot be relied on. */
const NETWORK_TYPES: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x517b, 'SMB'],
  [0x65735546, 'FUSE'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x01021997, '9p'],
  [0xaad7aaea, 'PanFS'],
]);

/** Checks the base and its ancestors. Gives warnings; throws E_BASE_UNSAFE, E_NETFS, E_STATFS. */
export function checkBase(base: string, allowNetworkFs: boolean, ports: DirectoryPorts): string[] {
  const real = realBase(base, ports);
  for (const path of new Set([...ancestorsOf(base), ...ancestorsOf(real)])) checkAncestor(path, base, ports);
  const { type } = statfsOf(base, ports);
  const network = NETWORK_TYPES.get(type);
  if (network !== undefined && !allowNetworkFs)
    throw new RootfsFailure('E_NETFS', { path: base, type: network });
  return type === TMPFS ? [`${base} is on tmpfs: unpacked images take main memory`] : [];
}

/** The state of the file system. Throws E_STATFS, also when it has no size. */
export function statfsOf(base: string, ports: DirectoryPorts): ReturnType<RootfsPorts['statfs']> {
  let state;
  try {
    state = ports.statfs(base);
  } catch (error) {
    throw new RootfsFailure('E_STATFS', { path: base, cause: (error as Error).message }, error);
  }
  if (state.blocks > 0n) return state;
  throw new RootfsFailure('E_STATFS', { path: base, cause: 'it has no size' });
}

function realBase(base: string, ports: DirectoryPorts): string {
  const unsafe = (cause: string) => new RootfsFailure('E_BASE_UNSAFE', { path: base, cause });
  if (!base.startsWith('/') || base.split('/').includes('..')) throw unsafe('it is not an absolute path.');
  if (NEVER_A_BASE.includes(base) || base === ports.env.HOME)
    throw unsafe('it must be a directory of its own.');
  const stat = fs.lstatSync(base, { throwIfNoEntry: false });
  if (!stat) throw unsafe('it does not exist.');
  if (stat.isSymbolicLink()) throw unsafe('it is a symbolic link.');
  if (!stat.isDirectory()) throw unsafe('it is not a directory.');
  const real = fs.realpathSync(base);
  if (NEVER_A_BASE.includes(real)) throw unsafe('it must be a directory of its own.');
  return real;
}

function checkAncestor(path: string, base: string, ports: DirectoryPorts): void {
  const stat = fs.statSync(path);
  const unsafe = (cause: string) => new RootfsFailure('E_BASE_UNSAFE', { path: base, cause });
  if (stat.uid !== 0 && stat.uid !== ports.uid) throw unsafe(`${path} belongs to ${stat.uid}.`);
  const openToOthers = (stat.mode & 0o022) !== 0 && (stat.mode & 0o1000) === 0;
  if (openToOthers) throw unsafe(`others may write to ${path}; chmod go-w ${path} or chmod +t ${path}`);
}

function ancestorsOf(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [path, ...ancestorsOf(parent)];
}

/** Makes what is missing of a user's directories and checks all of them. Throws E_OWNER, E_MODE, E_SYMLINK, E_CROSS_DEVICE. */
export function ensureUserDirectories(layout: UserLayout): void {
  const baseDevice = fs.statSync(layout.base).dev;
  for (const path of directoriesOf(layout)) {
    makeDirectory(path);
    checkDirectory(path, layout.uid, baseDevice);
  }
}

/** Checks a user's directories without making any. False: there are none yet. Throws as ensureUserDirectories. */
export function checkUserDirectories(layout: UserLayout): boolean {
  const baseDevice = fs.statSync(layout.base).dev;
  for (const path of directoriesOf(layout)) {
    if (!fs.lstatSync(path, { throwIfNoEntry: false })) return false;
    checkDirectory(path, layout.uid, baseDevice);
  }
  return true;
}

function directoriesOf(layout: UserLayout): string[] {
  const perHost = dirname(layout.root) === layout.base ? [] : [dirname(layout.root)];
  const { root, hidden, locks, meta, build, trash } = layout;
  return [...perHost, root, hidden, locks, meta, build, trash];
}

function makeDirectory(path: string): void {
  try {
    fs.mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code === 'EROFS') throw new RootfsFailure('E_READ_ONLY', { path }, error);
    throw new RootfsFailure('E_IO', { path, cause: message }, error);
  }
}

/** Throws unless the path is a directory of this user's own, closed to others, on this device. */
export function checkDirectory(path: string, uid: number, device: number): void {
  const fd = openDirectory(path);
  try {
    const stat = fs.fstatSync(fd);
    if (stat.uid !== uid) throw new RootfsFailure('E_OWNER', { path, owner: stat.uid, uid });
    if ((stat.mode & 0o077) !== 0)
      throw new RootfsFailure('E_MODE', { path, mode: (stat.mode & 0o7777).toString(8).padStart(4, '0') });
    if (stat.dev !== device) throw new RootfsFailure('E_CROSS_DEVICE', { path });
  } finally {
    fs.closeSync(fd);
  }
}

function openDirectory(path: string): number {
  try {
    return fs.openSync(path, OPEN_DIRECTORY);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const stat = fs.lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink()) throw new RootfsFailure('E_SYMLINK', { path, what: 'a symbolic link' });
    if (code === 'ENOTDIR') throw new RootfsFailure('E_SYMLINK', { path, what: 'a file' });
    if (code === 'EACCES')
      throw new RootfsFailure('E_OWNER', { path, owner: stat?.uid ?? '?', uid: process.geteuid?.() ?? '?' });
    throw new RootfsFailure('E_IO', { path, cause: message }, error);
  }
}
