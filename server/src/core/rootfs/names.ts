// Names and keys of unpacked images. A name tells the owner and 16 hex digits of the key; anything that does not match is
// not ours: never listed as an entry, never deleted. Source: rootfs contract, sections 1.3 and 2.2.
import { createHash } from 'node:crypto';

export type KeyScheme = 'strict' | 'pr174';

/** What distinguishes a squashfs file from another one under the same path. */
export interface FileIdentity {
  readonly path: string;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

export interface RegistryIdentity {
  readonly repo: string;
  readonly digest: string;
}

export interface RootfsName {
  readonly uid: number;
  readonly hash: string;
}

const NAME = /^pyxis_cache_u(0|[1-9]\d{0,9})_([0-9a-f]{16})$/;
const BUILD = /^(pyxis_cache_u(?:0|[1-9]\d{0,9})_[0-9a-f]{16})~[0-9a-f]{12}(?:\.[a-z]+)?$/;
const FNV_PRIME = 1099511628211n;
/** Not the FNV offset basis: the proposal lost its last digit, and names must agree with it. */
const PROPOSAL_OFFSET = 1469598103934665603n;
const MASK = (1n << 64n) - 1n;

/** The directory name of an entry. `hash` is 16 lower-case hex digits. */
export function rootfsName(uid: number, hash: string): string {
  return `pyxis_cache_u${uid}_${hash}`;
}

/** Reads an entry's name, or undefined when it is not one of ours. */
export function parseRootfsName(name: string): RootfsName | undefined {
  const match = NAME.exec(name);
  if (!match) return undefined;
  return { uid: Number(match[1]), hash: match[2] ?? '' };
}

/** The entry that a name in `build/` or `trash/` belongs to (`<name>~<12 hex>`, perhaps with a suffix), or undefined. */
export function entryOfScratchName(scratch: string): string | undefined {
  return BUILD.exec(scratch)?.[1];
}

/** The uid that a directory directly under the base is named after, or undefined. */
export function parseUidDirectory(name: string): number | undefined {
  return /^(0|[1-9]\d{0,9})$/.test(name) ? Number(name) : undefined;
}

/**
 * The proposal's 16 hex digits: FNV-1a over the image string exactly as given and, for paths that exist, its
 * modification second and size. Relative paths are spelled as given, so the same file may have several names.
 */
export function proposalHash(image: string, file?: { mtimeNs: bigint; size: bigint }): string {
  const suffix =
    file && /^[./]/.test(image) ? `|${floorDivide(file.mtimeNs, 1_000_000_000n)}|${file.size}` : '';
  let hash = PROPOSAL_OFFSET;
  for (const byte of Buffer.from(image + suffix)) hash = ((hash ^ BigInt(byte)) * FNV_PRIME) & MASK;
  return hash.toString(16).padStart(16, '0');
}

/** The full strict key (64 hex digits) of a squashfs file on disk. */
export function strictFileKey(arch: string, file: FileIdentity): string {
  return canonicalHash({
    v: 1,
    arch,
    kind: 'sqsh',
    path: file.path,
    dev: String(file.dev),
    ino: String(file.ino),
    size: String(file.size),
    mtimeNs: String(file.mtimeNs),
  });
}

/** The full strict key (64 hex digits) of an image in a registry, by digest: tags move, and imports differ in bytes. */
export function strictRegistryKey(arch: string, image: RegistryIdentity): string {
  return canonicalHash({ v: 1, arch, kind: 'oci', repo: image.repo, digest: image.digest });
}

function canonicalHash(value: Readonly<Record<string, string | number>>): string {
  const sorted = Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}
