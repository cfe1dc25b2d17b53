// The commit record of one entry. It names the inode of the tree it was made for, so a record is worth nothing until the
// rename that puts that very tree under the final name. Source: rootfs contract, sections 2.3 and 2.6.

export interface RootfsSource {
  readonly path: string;
  readonly size: string;
  readonly mtimeNs: string;
}

export interface RootfsMetadata {
  readonly v: 1;
  /** The full key; the name holds only its first 16 digits. */
  readonly key: string;
  readonly keyScheme: 'strict' | 'pr174';
  /** As given. */
  readonly image: string;
  readonly digest?: string;
  readonly source?: RootfsSource;
  readonly arch: string;
  /** Decimal, of the tree's root. */
  readonly dev: string;
  readonly ino: string;
  readonly bytes: number;
  readonly inodes: number;
  /** Seconds since the epoch. */
  readonly createdAt: number;
  /** Milliseconds that the unpacking took. */
  readonly createMs: number;
  readonly bootId: string;
  /** The contents were on disk before the name was. */
  readonly synced: boolean;
  readonly enroot: string;
  readonly builderVersion: string;
}

const STRINGS = ['key', 'image', 'arch', 'dev', 'ino', 'bootId', 'enroot', 'builderVersion'] as const;
const NUMBERS = ['bytes', 'inodes', 'createdAt', 'createMs'] as const;

/** The record, or undefined when the text is not one: then the entry is not ours to reuse. */
export function parseMetadata(text: string): RootfsMetadata | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isMetadata(value) ? value : undefined;
}

/** The bytes that are written to `meta/<name>.json`. */
export function serialiseMetadata(metadata: RootfsMetadata): string {
  return `${JSON.stringify(metadata)}\n`;
}

/** True when the record was made for this tree and this key. */
export function recordsTree(
  metadata: RootfsMetadata,
  tree: { dev: bigint; ino: bigint },
  key: string | undefined,
): boolean {
  return (
    metadata.dev === String(tree.dev) &&
    metadata.ino === String(tree.ino) &&
    (key === undefined || metadata.key === key)
  );
}

function isMetadata(value: unknown): value is RootfsMetadata {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Record<string, unknown>;
  return (
    record.v === 1 &&
    (record.keyScheme === 'strict' || record.keyScheme === 'pr174') &&
    typeof record.synced === 'boolean' &&
    STRINGS.every((key) => typeof record[key] === 'string') &&
    NUMBERS.every((key) => Number.isFinite(record[key]))
  );
}
