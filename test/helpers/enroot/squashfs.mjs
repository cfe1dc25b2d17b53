// Real squashfs images through squashfs-tools, with the output on standard error as enroot has it.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { readTree } from './image.mjs';

/** The tool's path when it is on PATH. */
export function find(name) {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return folders.map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file));
}

/** Packs a folder. Exits with the tool's code when it fails. */
export function make(folder, output, excluded, env) {
  const options = (env.ENROOT_SQUASH_OPTIONS ?? '-noD').split(/\s+/).filter(Boolean);
  const left = excluded ? leftOut(folder, excluded) : [];
  run('mksquashfs', [
    folder,
    output,
    '-all-root',
    '-no-progress',
    ...options,
    ...(left.length ? ['-e', ...left] : []),
  ]);
}

function leftOut(folder, excluded) {
  const names = [];
  readTree(folder, (inside, stat) => {
    const out = excluded(inside, stat);
    if (out) names.push(path.join(folder, inside));
    return out;
  });
  return names;
}

/** Unpacks an image into a folder that exists and is empty. */
export function unpack(image, folder) {
  run('unsquashfs', ['-no-progress', '-user-xattrs', '-f', '-d', folder, image]);
  spawnSync('chmod', ['-f', '-R', 'u+rwX', folder]);
}

function run(tool, args) {
  const { status } = spawnSync(tool, args, { stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}
