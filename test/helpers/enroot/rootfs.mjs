// What an image of the stand-in holds, and how mounts into it are read.
import fs from 'node:fs';
import path from 'node:path';

const FOLDERS = [
  'bin',
  'dev',
  'etc',
  'home',
  'opt',
  'proc',
  'root',
  'run',
  'sys',
  'tmp',
  'usr/bin',
  'usr/lib',
  'var/log',
];

/** Lays out the tree of an imported image: a template when one is given, else the folders of a small Linux without programs. */
export function layOut(folder, { reference, uri, template }) {
  if (template) fs.cpSync(template, folder, { recursive: true, verbatimSymlinks: true });
  for (const name of FOLDERS) fs.mkdirSync(path.join(folder, name), { recursive: true });
  const write = (name, text) => {
    const file = path.join(folder, name);
    if (!fs.existsSync(file)) fs.writeFileSync(file, text);
  };
  write('etc/os-release', `NAME="stand-in image"\nVERSION_ID="${reference.tag}"\n`);
  write('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n');
  write('etc/group', 'root:x:0:\n');
  write('etc/environment', `ENROOT_STAND_IN_IMAGE=${uri}\n`);
  write('etc/rc', 'exec "$@"\n');
}

/**
 * Reads SOURCE[:TARGET[:TYPE[:OPTIONS]]] as enroot-mount does, its surprises included: a third field "ro" is taken for a file
 * system (no such device), "rw" mounts nothing, and a missing target is made with mode 000 (two fields, or x-create).
 */
export function planMounts(texts, rootfs, fail) {
  return texts.map((text) => planMount(text, rootfs, fail)).filter(Boolean);
}

function planMount(text, rootfs, fail) {
  const [source, target = source, type = '', options = ''] = text.split(':');
  const inside = path.join(rootfs, target);
  if (type === 'rw' && !options) return undefined;
  const flags = (options || (/^(r?bind)$/.test(type) ? type : 'rbind,x-create=auto')).split(',');
  if (type && type !== 'none' && !/^r?bind$/.test(type) && fs.existsSync(inside))
    fail(`failed to mount: ${source} at ${inside}: No such device`);
  const stat = fs.statSync(source, { throwIfNoEntry: false });
  if (flags.some((flag) => flag.startsWith('x-create')) && !fs.existsSync(inside) && stat)
    makeTarget(inside, stat);
  if (!stat || !fs.existsSync(inside))
    fail(`failed to mount: ${source} at ${inside}: No such file or directory`);
  const bind = flags.some((flag) => /^r?bind$/.test(flag));
  return { text, bind, source: path.resolve(source), target, mode: flags.includes('ro') ? 'ro' : 'rw' };
}

function makeTarget(file, stat) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  if (stat.isDirectory()) fs.mkdirSync(file, { mode: 0 });
  else fs.writeFileSync(file, '', { mode: 0 });
}
