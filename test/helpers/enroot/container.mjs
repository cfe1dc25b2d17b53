// Runs a command with an unpacked image as its root, in a user namespace; never against the host's own tree.
// Where the image has no shell or the kernel gives no namespace, the command is written down inside the image instead.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const RECORD = 'var/log/enroot-stand-in.log';
const SEARCH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

// Positional: rootfs, "rw" or "ro", number of mounts, then source, target and mode of each, then the command line to end as.
const SETUP = `set -e
root=$1 mode=$2 count=$3; shift 3
mount --rbind "$root" "$root"
[ ! -d "$root/proc" ] || mount --rbind /proc "$root/proc"
if [ -d "$root/dev" ]; then
  mount -t tmpfs tmpfs "$root/dev"
  for name in null zero full random urandom tty; do : > "$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"; done
fi
while [ "$count" -gt 0 ]; do
  mount --rbind "$1" "$root$2"
  [ "$3" != ro ] || mount -o remount,bind,ro "$root$2"
  shift 3; count=$((count - 1))
done
[ "$mode" = rw ] || mount -o remount,bind,ro "$root"
exec "$@"`;

/** Runs argv in the rootfs; resolves to its exit code. `start` = {rootfs, argv, asRoot, writable, mounts, environment, onChild}. */
export async function runInside(start) {
  if (!canRun(start)) {
    if (start.writable) writeDown(start);
    return 0;
  }
  const child = spawn('unshare', commandLine(start), { stdio: 'inherit' });
  start.onChild(child);
  return new Promise((resolve) => {
    child.on('exit', (code, signal) => resolve(code ?? 128 + os.constants.signals[signal]));
  });
}

function canRun({ rootfs, argv }) {
  const program = argv[0]?.startsWith('/') ? inside(rootfs, argv[0]) : undefined;
  if (!program) return false;
  const probe = spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'true'], { stdio: 'ignore' });
  return probe.status === 0;
}

// Follows links as if the rootfs were the root already, so that /bin/sh -> /usr/bin/dash is looked up in the image.
function inside(rootfs, name, depth = 0) {
  if (depth > 16) return undefined;
  let at = rootfs;
  const parts = name.split('/').filter(Boolean);
  for (const [index, part] of parts.entries()) {
    at = path.join(at, part);
    const stat = fs.lstatSync(at, { throwIfNoEntry: false });
    if (!stat) return undefined;
    if (!stat.isSymbolicLink()) continue;
    const base = path.posix.join('/', ...parts.slice(0, index));
    const target = path.posix.resolve(base, fs.readlinkSync(at), ...parts.slice(index + 1));
    return inside(rootfs, target, depth + 1);
  }
  return at;
}

function commandLine({ rootfs, argv, asRoot, writable, mounts, environment }) {
  const variables = Object.entries({ PATH: SEARCH, HOME: asRoot ? '/root' : '/', ...environment });
  const mapped = asRoot
    ? []
    : ['--user', `--map-user=${process.getuid()}`, `--map-group=${process.getgid()}`];
  const bound = mounts
    .filter(({ bind }) => bind)
    .flatMap(({ source, target, mode }) => [source, target, mode]);
  return [
    ...['--user', '--map-root-user', '--mount', '--', '/bin/sh', '-c', SETUP, 'start', rootfs],
    ...[writable ? 'rw' : 'ro', String(bound.length / 3), ...bound],
    ...['env', '-i', ...variables.map(([name, value]) => `${name}=${value}`)],
    ...[tool('unshare'), ...mapped, `--root=${rootfs}`, '--wd=/', '--', ...argv],
  ];
}

function tool(name) {
  const folders = (process.env.PATH ?? SEARCH).split(':');
  return folders.map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file)) ?? name;
}

function writeDown({ rootfs, argv, asRoot, mounts, environment }) {
  const file = path.join(rootfs, RECORD);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const line = { argv, root: asRoot, mounts: mounts.map(({ text }) => text), environment };
  fs.appendFileSync(file, `${JSON.stringify(line)}\n`);
}
