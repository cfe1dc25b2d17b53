// The exact layout in which manifests are written (cache contract, section 4), as one pattern: a text that matches is valid
// without further checks, which makes big listings cheap. Anything else goes the long way through the full parser.

// ASCII only and no \u escapes: what is left out is rare.
const CHARS = '[^"\\\\\\x00-\\x1f\\x80-\\xff]*';
const TEXT = `"${CHARS}(?:\\\\["\\\\bfnrt]${CHARS})*"`;
const TEXTS = `\\[(?:\\]|\\n {4}${TEXT}(?:,\\n {4}${TEXT})*\\n {2}\\])`;
const TIME = '(?:0|[1-9][0-9]{0,14})';

/** In the order written. */
const FIELDS = {
  kind: '"(?:base|prepared|dataset|model|source)"',
  artifact_path: TEXT,
  service_names: TEXTS,
  cache_key: TEXT,
  source_image: TEXT,
  registry: `(?:null|${TEXT})`,
  prepare_commands: TEXTS,
  prepare_env: TEXTS,
  prepare_root: '(?:null|true|false)',
  prepare_mounts: TEXTS,
  force_rebuild_due_to_mounts: '(?:true|false)',
  created_at: TIME,
  last_used_at: TIME,
  tool_version: TEXT,
} as const;

type Field = keyof typeof FIELDS;

const OPTIONAL = ['uri', 'revision', 'content_digest']
  .map((name) => `(?:,\\n  "${name}": ${TEXT})?`)
  .join('');

/** The whole layout, with these fields captured in the order written: each capture costs. */
function layoutWith(captured: readonly Field[]): RegExp {
  const required = Object.entries(FIELDS).map(([name, pattern]) =>
    captured.includes(name as Field) ? `"${name}": (${pattern})` : `"${name}": ${pattern}`,
  );
  return new RegExp(`^\\{\\n  ${required.join(',\\n  ')}${OPTIONAL}\\n\\}$`);
}

const TIMES = layoutWith(['created_at', 'last_used_at']);
const LAYOUT = layoutWith([
  'kind',
  'artifact_path',
  'service_names',
  'cache_key',
  'source_image',
  'prepare_env',
  'created_at',
  'last_used_at',
]);

/** Longer texts go to the parser. */
const LENGTH_LIMIT = 64 * 1024;

/** Parts of a manifest's text as written: JSON strings and lists keep their quotes and escapes. */
export interface ManifestLayout {
  readonly kind: string;
  readonly artifactPath: string;
  /** Where the artifact path's JSON string begins. */
  readonly artifactPathAt: number;
  readonly serviceNames: string;
  readonly cacheKey: string;
  readonly sourceImage: string;
  readonly prepareEnv: string;
  /** Seconds since the epoch. */
  readonly createdAt: number;
  readonly lastUsedAt: number;
}

type ManifestTimes = Pick<ManifestLayout, 'createdAt' | 'lastUsedAt'>;

/** The times of a manifest where nothing else of it is wanted: half of the work. Undefined as in matchManifestLayout. */
export function matchManifestTimes(text: string): ManifestTimes | undefined {
  const match = text.length > LENGTH_LIMIT ? null : TIMES.exec(text);
  return match ? { createdAt: Number(match[1]), lastUsedAt: Number(match[2]) } : undefined;
}

/** Parts of a manifest in the exact layout; undefined for any other text, valid or not. One character stands for one byte. */
export function matchManifestLayout(text: string): ManifestLayout | undefined {
  if (text.length > LENGTH_LIMIT) return undefined;
  const match = LAYOUT.exec(text);
  if (!match) return undefined;
  const [
    ,
    quotedKind = '',
    artifactPath = '',
    serviceNames = '',
    cacheKey = '',
    sourceImage = '',
    prepareEnv = '',
    created,
    used,
  ] = match;
  const kind = quotedKind.slice(1, -1);
  const artifactPathAt = '{\n  "kind": "",\n  "artifact_path": '.length + kind.length;
  const times = { createdAt: Number(created), lastUsedAt: Number(used) };
  return { kind, artifactPath, artifactPathAt, serviceNames, cacheKey, sourceImage, prepareEnv, ...times };
}
