// Text of a manifest <-> value, to the byte: JSON with two spaces, fixed key order, no final newline (cache contract, section 4).
// Reading is as strict as hpc-compose's: required keys, unsigned integers, no duplicate of a known key.
import type { EntryKind, Manifest } from '../model/cache.ts';

const U64_MAX = 18_446_744_073_709_551_615n;
const KINDS: readonly string[] = ['base', 'prepared', 'dataset', 'model', 'source'];
const SURROGATE = /\p{Surrogate}/u;

type Check = (value: unknown, raw: string) => boolean;

const isText: Check = (value) => typeof value === 'string' && !SURROGATE.test(value);
const isTexts: Check = (value) => Array.isArray(value) && value.every((item) => isText(item, ''));
const isBool: Check = (value) => typeof value === 'boolean';
const isTime: Check = (_value, raw) => /^\d+$/.test(raw) && BigInt(raw) <= U64_MAX;
const orNull =
  (check: Check): Check =>
  (value, raw) =>
    value === null || check(value, raw);

interface Key {
  readonly check: Check;
  readonly must: string;
  readonly optional?: true;
  /** Left out of the text when absent or null. */
  readonly omitted?: true;
}

/** In the order written. */
const KEYS: Readonly<Record<keyof Manifest, Key>> = {
  kind: { check: isText, must: 'a string' },
  artifact_path: { check: isText, must: 'a string' },
  service_names: { check: isTexts, must: 'a list of strings' },
  cache_key: { check: isText, must: 'a string' },
  source_image: { check: isText, must: 'a string' },
  registry: { check: orNull(isText), must: 'a string or null', optional: true },
  prepare_commands: { check: isTexts, must: 'a list of strings' },
  prepare_env: { check: isTexts, must: 'a list of strings' },
  prepare_root: { check: orNull(isBool), must: 'true, false or null', optional: true },
  prepare_mounts: { check: isTexts, must: 'a list of strings' },
  force_rebuild_due_to_mounts: { check: isBool, must: 'true or false' },
  created_at: { check: isTime, must: 'an unsigned 64-bit integer' },
  last_used_at: { check: isTime, must: 'an unsigned 64-bit integer' },
  tool_version: { check: isText, must: 'a string' },
  uri: { check: orNull(isText), must: 'a string', optional: true, omitted: true },
  revision: { check: orNull(isText), must: 'a string', optional: true, omitted: true },
  content_digest: { check: orNull(isText), must: 'a string', optional: true, omitted: true },
};

const KEY_ENTRIES = Object.entries(KEYS) as [keyof Manifest, Key][];

/** Gives the manifest, or a sentence that says why the text is none. */
export function parseManifest(text: string): Manifest | string {
  if (text.trim() === '') return 'it is empty';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `it is no valid JSON: ${(error as Error).message}`;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'it is no JSON object';
  const found = value as Partial<Record<keyof Manifest, unknown>>;
  const raw = rawMembers(text);
  if (typeof raw === 'string') return raw;
  for (const [name, key] of KEY_ENTRIES) {
    const rawValue = raw.get(name);
    if (rawValue === undefined) {
      if (!key.optional) return `the key ${name} is missing`;
    } else if (!key.check(found[name], rawValue)) return `${name} must be ${key.must}`;
  }
  return manifestFrom(found);
}

function manifestFrom(found: Partial<Record<keyof Manifest, unknown>>): Manifest {
  const result: Partial<Record<keyof Manifest, unknown>> = {};
  for (const [name, key] of KEY_ENTRIES) {
    const value = found[name] ?? null;
    if (value !== null || !key.omitted) result[name] = value;
  }
  if (!KINDS.includes(result.kind as string)) result.kind = 'unknown' satisfies EntryKind;
  return result as Manifest;
}

/** The exact text of a manifest. */
export function formatManifest(manifest: Manifest): string {
  const ordered: Partial<Record<keyof Manifest, unknown>> = {};
  for (const [name, key] of KEY_ENTRIES) {
    const value = manifest[name] ?? null;
    if (value !== null || !key.omitted) ordered[name] = value;
  }
  const text = JSON.stringify(ordered, null, 2);
  // Integers above 2^53 would come out in a form, or of a size, that hpc-compose cannot read.
  return text.replace(
    /^ {2}"(created_at|last_used_at)": .*?(,?)$/gm,
    (_line, name: string, comma: string) => {
      const whole = wholeNumber(manifest[name as 'created_at' | 'last_used_at']);
      return `  "${name}": ${whole}${comma}`;
    },
  );
}

function wholeNumber(value: number): string {
  const whole = BigInt(Math.max(0, Math.floor(value)));
  return String(whole > U64_MAX ? U64_MAX : whole);
}

const MEMBER_NAME = /\s*"((?:[^"\\]|\\.)*)"\s*:\s*/y;
const SCALAR = /"(?:[^"\\]|\\.)*"|[^\s,{}[\]"]+/y;

/** Source text of each top-level member of valid JSON, or a sentence when a known key stands twice. */
function rawMembers(text: string): Map<string, string> | string {
  const members = new Map<string, string>();
  let at = text.indexOf('{') + 1;
  for (;;) {
    MEMBER_NAME.lastIndex = at;
    const match = MEMBER_NAME.exec(text);
    if (!match) return members;
    const name = JSON.parse(`"${match[1] ?? ''}"`) as string;
    const start = MEMBER_NAME.lastIndex;
    const end = valueEnd(text, start);
    if (members.has(name) && Object.hasOwn(KEYS, name)) return `the key ${name} stands twice`;
    members.set(name, text.slice(start, end));
    at = text.indexOf(',', end) + 1;
    if (at === 0) return members;
  }
}

function valueEnd(text: string, start: number): number {
  let depth = 0;
  let at = start;
  do {
    const char = text[at] ?? '';
    if (char === '{' || char === '[') depth++;
    if (char === '}' || char === ']') depth--;
    SCALAR.lastIndex = at;
    at = SCALAR.test(text) ? SCALAR.lastIndex : at + 1;
  } while (depth > 0);
  return at;
}
