// Who can see a file system, by the type that the mount table gives. The one list of types: preflight and findings read it.
import type { FileSystemReach } from './preflight.ts';

const REACH: Readonly<Record<Exclude<FileSystemReach, 'unknown'>, readonly string[]>> = {
  memory: ['tmpfs', 'ramfs', 'devtmpfs', 'hugetlbfs', 'rootfs'],
  local: [
    'ext2',
    'ext3',
    'ext4',
    'xfs',
    'btrfs',
    'zfs',
    'f2fs',
    'jfs',
    'reiserfs',
    'bcachefs',
    'overlay',
    'vfat',
    'exfat',
    'ntfs',
    'ntfs3',
    'apfs',
    'squashfs',
  ],
  network: [
    'nfs',
    'nfs4',
    'lustre',
    'gpfs',
    'beegfs',
    'beegfs_nodev',
    'ceph',
    'cifs',
    'smb3',
    'smbfs',
    'glusterfs',
    'afs',
    'orangefs',
    'pvfs2',
    'wekafs',
    'panfs',
    'gfs2',
    'ocfs2',
    '9p',
    'virtiofs',
    'fuse.glusterfs',
    'fuse.sshfs',
    'fuse.ceph',
    'fuse.juicefs',
    'fuse.weka',
    'fuse.beeond',
  ],
};

/** Who can see a file system of this type. */
export function reachOf(fsType: string): FileSystemReach {
  if (REACH.memory.includes(fsType)) return 'memory';
  if (REACH.local.includes(fsType)) return 'local';
  return REACH.network.includes(fsType) ? 'network' : 'unknown';
}
