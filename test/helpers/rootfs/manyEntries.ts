// Entries as they would be after many acquisitions, without unpacking anything: directories and their records.
import fs from 'node:fs';
import path from 'node:path';
import { serialiseMetadata, type RootfsMetadata } from '../../../server/src/core/rootfs/metadata.ts';

const FOLDERS = [
  '',
  '.rootfs-cache',
  ...['locks', 'meta', 'build', 'trash'].map((name) => `.rootfs-cache/${name}`),
];

/** Makes a user's folders below the base. */
export function makeUser(base: string, uid: number): string {
  const root = path.join(base, String(uid));
  for (const folder of FOLDERS) fs.mkdirSync(path.join(root, folder), { mode: 0o700 });
  return root;
}

/** Makes one entry, last used `age` seconds ago. Gives its name. */
export function makeEntry(root: string, uid: number, number: number, age: number): string {
  const hash = number.toString(16).padStart(16, '0');
  const name = `pyxis_cache_u${uid}_${hash}`;
  const tree = path.join(root, name);
  const now = Math.floor(Date.now() / 1000);
  fs.mkdirSync(tree, { mode: 0o755 });
  fs.utimesSync(tree, now - age, now - age);
  writeRecord(root, name, metadataOf(tree, number, hash));
  return name;
}

/** Puts a record in place as an acquisition does. */
export function writeRecord(root: string, name: string, metadata: RootfsMetadata): void {
  const file = path.join(root, '.rootfs-cache/meta', `${name}.json`);
  fs.writeFileSync(`${file}.tmp`, serialiseMetadata(metadata), { mode: 0o600 });
  fs.renameSync(`${file}.tmp`, file);
}

/** The record of a tree. */
export function metadataOf(tree: string, number: number, hash: string): RootfsMetadata {
  const { dev, ino } = fs.lstatSync(tree, { bigint: true });
  const file = `/raid/images/team-${number % 977}/image-${number}.sqsh`;
  return {
    v: 1,
    key: hash.repeat(4),
    keyScheme: 'strict',
    image: file,
    source: { path: file, size: '10737418240', mtimeNs: '1700000000000000000' },
    arch: 'x86_64',
    dev: String(dev),
    ino: String(ino),
    bytes: 700_000_000 + number,
    inodes: 52_211,
    createdAt: 1_700_000_000,
    createMs: 9000,
    bootId: '',
    synced: true,
    enroot: '4.1.2',
    builderVersion: '0.1.0',
  };
}
