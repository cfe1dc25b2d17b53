// Who holds a lock that we wait for, as far as this machine can tell: for a progress line, never for a decision.
import { readFileSync, readlinkSync, readdirSync, statSync } from 'node:fs';

/** A few words such as "process 4711 (hpc-compose)", or undefined when the holder is not on this machine or not visible. */
export function lockHolder(path: string): string | undefined {
  try {
    const { ino } = statSync(path);
    const owners = pidsThatLocked(ino);
    const alive = owners.find((pid) => opensFile(pid, path)) ?? otherOpener(path);
    return alive === undefined ? undefined : `process ${alive} (${nameOf(alive)})`;
  } catch {
    return undefined;
  }
}

// "1: FLOCK ADVISORY WRITE 4711 08:02:12345 0 EOF"; the device there and in stat differ on some file systems.
function pidsThatLocked(inode: number): string[] {
  const lines = readFileSync('/proc/locks', 'utf8').split('\n');
  return lines.flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    return fields[1] === 'FLOCK' && fields[5]?.split(':')[2] === String(inode) ? [fields[4] ?? ''] : [];
  });
}

// A lock taken through a child such as flock(1) is booked under the child's number, which is gone: look who has the file open.
function otherOpener(path: string): string | undefined {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  return pids.find((pid) => opensFile(pid, path));
}

function opensFile(pid: string, path: string): boolean {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).some((fd) => readlinkSync(`${folder}/${fd}`) === path);
  } catch {
    return false;
  }
}

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '?';
  }
}
