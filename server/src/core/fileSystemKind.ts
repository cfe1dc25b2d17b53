// Tells file systems that other machines may write to from local ones, by the magic number that statfs gives.
import fs from 'node:fs';

/** Local file systems by magic number; everything else counts as shared. */
const LOCAL: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0x01021994, // tmpfs
  0x858458f6, // ramfs
  0x794c7630, // overlayfs
  0x2fc12fc1, // zfs
  0xf2f52010, // f2fs
  0x4d44, // vfat
  0x61756673, // aufs
]);

/** True when other machines may see and change the directory (or when that cannot be ruled out). */
export function isNetworkFileSystem(directory: string): boolean {
  try {
    return !isLocal(fs.statfsSync(directory).type);
  } catch {
    return true;
  }
}

/** The same for a thread that must not wait for a mount that hangs. */
export async function asksNetworkFileSystem(directory: string): Promise<boolean> {
  try {
    return !isLocal((await fs.promises.statfs(directory)).type);
  } catch {
    return true;
  }
}

function isLocal(type: number): boolean {
  return LOCAL.has(Number(BigInt.asUintN(32, BigInt(type))));
}
