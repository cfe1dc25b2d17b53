// What this machine tells about a directory: where links lead, which file system holds it, how much room there is. Reads only.
import * as fs from 'node:fs';
import path from 'node:path';
import { reachOf } from '../../model/fileSystemTypes.ts';
import type { PathEvidence } from '../../model/preflight.ts';
import { canonicalPath } from '../canonicalPath.ts';
import { mountOf } from './mountInfo.ts';

/** Evidence about a path that need not exist yet. Never throws. */
export function gatherEvidence(directory: string): PathEvidence {
  const realPath = canonicalPath(directory);
  const mount = mountOf(readMountInfo(), realPath);
  return {
    path: directory,
    real_path: realPath,
    exists: fs.existsSync(directory),
    mount_point: mount?.mountPoint ?? null,
    fs_type: mount?.fsType ?? null,
    reach: mount ? reachOf(mount.fsType) : 'unknown',
    read_only: mount?.readOnly ?? false,
    ...freeSpace(realPath),
  };
}

/** The nearest ancestor that exists, the path itself included. */
export function nearestExisting(file: string): string {
  const parent = path.dirname(file);
  return fs.existsSync(file) || parent === file ? file : nearestExisting(parent);
}

function freeSpace(realPath: string): { free_bytes: number | null; free_inodes: number | null } {
  try {
    const { bavail, bsize, ffree, files } = fs.statfsSync(nearestExisting(realPath));
    return { free_bytes: bavail * bsize, free_inodes: files === 0 ? null : ffree };
  } catch {
    return { free_bytes: null, free_inodes: null };
  }
}

function readMountInfo(): string {
  try {
    return fs.readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return '';
  }
}
