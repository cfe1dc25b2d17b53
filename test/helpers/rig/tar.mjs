// Unpacks a plain tar of files and folders; nothing may land outside the folder.
import fs from 'node:fs';
import path from 'node:path';

const BLOCK = 512;

/** Writes the entries of an uncompressed tar below `folder`. */
export function unpackTar(bytes, folder) {
  for (let at = 0; at + BLOCK <= bytes.length;) {
    const name = bytes.toString('utf8', at, at + 100).split('\0')[0];
    if (!name) return;
    const size = readOctal(bytes, at + 124, 12);
    const target = path.join(folder, name);
    if (!target.startsWith(folder + path.sep)) throw new Error(`bad name in archive: ${name}`);
    const kind = String.fromCharCode(bytes[at + 156]);
    if (kind === '5') fs.mkdirSync(target, { recursive: true });
    else if (kind === '0' || kind === '\0') {
      fs.mkdirSync(path.dirname(target), { recursive: true });
      fs.writeFileSync(target, bytes.subarray(at + BLOCK, at + BLOCK + size), {
        mode: readOctal(bytes, at + 100, 8) & 0o755,
      });
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
}

const readOctal = (bytes, at, length) => parseInt(bytes.toString('ascii', at, at + length), 8) || 0;
