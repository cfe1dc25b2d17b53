// Images of the stand-in: real squashfs where squashfs-tools are on PATH, else a substitute with a valid superblock.
// The substitute is one squashfs 4.0 superblock (96 bytes), one line that names it, and the tree as JSON, padded with zero bytes.
import fs from 'node:fs';
import path from 'node:path';
import { sleep } from './faults.mjs';

const SUPERBLOCK = 96;
const NAME = 'HPC-COMPOSE-STAND-IN-IMAGE 1\n';
const LEAST_BYTES = 4096;
const CHUNK = 64 * 1024;
const TREE_LIMIT = 256 * 1024 * 1024;

/** Whether a file begins as squashfs 4.0 does and is as long as it says. */
export function readSuperblock(file) {
  const head = Buffer.alloc(SUPERBLOCK);
  const handle = fs.openSync(file, 'r');
  try {
    if (fs.readSync(handle, head, 0, SUPERBLOCK, 0) < SUPERBLOCK) return undefined;
    const isSquashfs = head.toString('latin1', 0, 4) === 'hsqs' && head.readUInt16LE(28) === 4;
    if (!isSquashfs) return undefined;
    const bytesUsed = Number(head.readBigUInt64LE(40));
    return { bytesUsed, complete: fs.fstatSync(handle).size >= bytesUsed };
  } finally {
    fs.closeSync(handle);
  }
}

function superblock(inodes, bytesUsed, mtimeSeconds) {
  const head = Buffer.alloc(SUPERBLOCK);
  head.write('hsqs', 0, 'latin1');
  head.writeUInt32LE(inodes, 4);
  head.writeUInt32LE(mtimeSeconds, 8);
  head.writeUInt32LE(131072, 12);
  head.writeUInt16LE(1, 20); // gzip
  head.writeUInt16LE(17, 22); // log2 of the block size
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(4, 28);
  head.writeUInt16LE(0, 30);
  head.writeBigUInt64LE(BigInt(bytesUsed), 40);
  for (const table of [48, 56, 64, 72, 80, 88]) head.writeBigUInt64LE(0xffff_ffff_ffff_ffffn, table);
  return head;
}

/** Reads a folder into plain entries; `excluded` names paths below it that stay out. */
export function readTree(folder, excluded = () => false) {
  const entries = [];
  let bytes = 0;
  const visit = (relative) => {
    for (const name of fs.readdirSync(path.join(folder, relative)).sort()) {
      const inside = path.posix.join(relative, name);
      const full = path.join(folder, inside);
      const stat = fs.lstatSync(full);
      if (excluded(inside, stat)) continue;
      const mode = stat.mode & 0o7777;
      if (stat.isSymbolicLink()) entries.push({ path: inside, link: fs.readlinkSync(full) });
      else if (stat.isDirectory()) {
        entries.push({ path: inside, mode, folder: true });
        visit(inside);
      } else if (stat.isFile()) {
        bytes += stat.size;
        if (bytes > TREE_LIMIT)
          throw new Error('FATAL ERROR: too big for the stand-in without squashfs-tools');
        entries.push({ path: inside, mode, data: fs.readFileSync(full).toString('base64') });
      }
    }
  };
  visit('');
  return { mtime: Math.floor(fs.statSync(folder).mtimeMs / 1000), entries };
}

/** Writes entries below a folder that exists; directories get their modes last. */
export function writeTree({ mtime, entries }, folder) {
  for (const entry of entries) {
    const full = path.join(folder, entry.path);
    if (path.relative(folder, full).startsWith('..')) throw new Error(`FATAL ERROR: bad path ${entry.path}`);
    if (entry.link !== undefined) fs.symlinkSync(entry.link, full);
    else if (entry.folder) fs.mkdirSync(full, { recursive: true });
    else fs.writeFileSync(full, Buffer.from(entry.data, 'base64'), { mode: entry.mode });
  }
  // As unsquashfs without root and enroot's repair afterwards: the owner can always read, write and enter.
  for (const entry of entries) {
    if (entry.link === undefined)
      fs.chmodSync(path.join(folder, entry.path), entry.mode | (entry.folder ? 0o700 : 0o400));
  }
  fs.utimesSync(folder, mtime, mtime);
}

/** Writes the substitute. `bytes` is its exact size when given; a tree that does not fit is left out. */
export async function writeSubstitute(tree, output, { bytes, bytesPerSecond, noSpace } = {}) {
  const payload = Buffer.from(NAME + JSON.stringify(tree));
  const natural = Math.max(LEAST_BYTES, SUPERBLOCK + payload.length);
  const size = Math.max(SUPERBLOCK, bytes ?? natural);
  const head = superblock(tree.entries.length + 1, size, tree.mtime);
  const handle = fs.openSync(output, 'wx', 0o644);
  try {
    const limit = noSpace ? Math.floor(size / 2) : size;
    let written = fs.writeSync(handle, head);
    if (size >= SUPERBLOCK + payload.length) written += fs.writeSync(handle, payload);
    while (written < limit) {
      const step = Math.min(CHUNK, limit - written, bytesPerSecond ?? CHUNK);
      written += fs.writeSync(handle, Buffer.alloc(step));
      if (bytesPerSecond) await sleep((1000 * step) / bytesPerSecond);
    }
    if (noSpace) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  } finally {
    fs.closeSync(handle);
  }
}

/** The tree of a substitute; undefined for a real squashfs image; an empty tree for one that only has a header. */
export function readSubstitute(file) {
  const text = fs.readFileSync(file).subarray(SUPERBLOCK);
  if (text.subarray(0, NAME.length).toString('latin1') === NAME) {
    const end = text.indexOf(0, NAME.length);
    return JSON.parse(text.toString('utf8', NAME.length, end < 0 ? text.length : end));
  }
  if (text.every((byte) => byte === 0))
    return { mtime: Math.floor(Date.now() / 1000), entries: [{ path: 'etc', mode: 0o755, folder: true }] };
  return undefined;
}
