// Reads a manifest from disk without ever blocking: no pipes, no devices, nothing bigger than a manifest can be.
// Says in one sentence what is wrong with a file that cannot be used.
import fs from 'node:fs';
import type { EntryKind, Manifest } from '../model/cache.ts';

/** No real manifest comes near this size; a bigger file is not read at all. */
export const MANIFEST_SIZE_LIMIT = 1024 * 1024;

export type ManifestRead = { readonly manifest: Manifest } | { readonly problem: string };

/** Bytes of a manifest, or what is wrong with the file. Undefined when there is none. */
export function readManifestBytes(path: string): Buffer | { readonly problem: string } | undefined {
  let fd: number | undefined;
  try {
    fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    const stat = fs.fstatSync(fd);
    if (!stat.isFile()) return { problem: 'the manifest is not a regular file' };
    if (stat.size > MANIFEST_SIZE_LIMIT) return { problem: `the manifest is too big (${stat.size} bytes)` };
    const buffer = Buffer.allocUnsafe(stat.size);
    return buffer.subarray(0, fs.readSync(fd, buffer, 0, stat.size, 0));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESTALE') return undefined;
    return { problem: `the manifest cannot be read (${code ?? String(error)})` };
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

/** Reads and checks a manifest. Undefined when there is none (any more). */
export function readManifestFile(path: string): ManifestRead | undefined {
  const bytes = readManifestBytes(path);
  if (bytes === undefined) return undefined;
  return Buffer.isBuffer(bytes) ? parseManifestBytes(bytes) : bytes;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Checks bytes as hpc-compose would: UTF-8, JSON without duplicate keys, every field of its type. */
export function parseManifestBytes(bytes: Uint8Array): ManifestRead {
  if (bytes.length === 0) return { problem: 'the manifest is empty' };
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    const problem = manifestProblem(value);
    return problem === undefined ? { manifest: orderedManifest(value as Manifest) } : { problem };
  } catch (error) {
    const cut = error instanceof SyntaxError && error.message.includes('end of JSON');
    return { problem: cut ? 'the manifest is cut off' : 'the manifest is not valid JSON in UTF-8' };
  }
}

type FieldType = 'text' | 'texts' | 'time' | 'flag' | 'text?' | 'flag?';

const FIELDS: Readonly<Record<keyof Manifest, FieldType>> = {
  kind: 'text',
  artifact_path: 'text',
  service_names: 'texts',
  cache_key: 'text',
  source_image: 'text',
  registry: 'text?',
  prepare_commands: 'texts',
  prepare_env: 'texts',
  prepare_root: 'flag?',
  prepare_mounts: 'texts',
  force_rebuild_due_to_mounts: 'flag',
  created_at: 'time',
  last_used_at: 'time',
  tool_version: 'text',
  uri: 'text?',
  revision: 'text?',
  content_digest: 'text?',
};

const CHECKS: Readonly<Record<FieldType, (value: unknown) => boolean>> = {
  text: (value) => typeof value === 'string',
  texts: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
  time: (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0,
  flag: (value) => typeof value === 'boolean',
  'text?': (value) => (value ?? null) === null || typeof value === 'string',
  'flag?': (value) => (value ?? null) === null || typeof value === 'boolean',
};

function manifestProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'the manifest is not an object';
  for (const [field, type] of Object.entries(FIELDS)) {
    if (!CHECKS[type]((value as Record<string, unknown>)[field]))
      return `the manifest's ${field} is missing or of the wrong type`;
  }
  return undefined;
}

const KINDS: ReadonlySet<string> = new Set<EntryKind>(['base', 'prepared', 'dataset', 'model', 'source']);

function orderedManifest(value: Manifest): Manifest {
  const fields = Object.keys(FIELDS) as (keyof Manifest)[];
  const ordered: Partial<Record<keyof Manifest, unknown>> = {};
  for (const field of fields) {
    const optional = field === 'uri' || field === 'revision' || field === 'content_digest';
    if (!optional || (value[field] ?? null) !== null) ordered[field] = value[field] ?? null;
  }
  if (!KINDS.has(value.kind)) ordered.kind = 'unknown';
  return ordered as unknown as Manifest;
}
