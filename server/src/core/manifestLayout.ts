// The exact layout in which manifests are written (cache contract, section 4), as one pattern: a text that matches is valid
// without further checks, which makes big listings cheap. Anything else goes the long way through the full parser.

// ASCII only and no \u escapes: what is left out is rare.
const CHARS = '[^"\\\\\\x00-\\x1f\\x80-\\xff]*';
const TEXT = `"${CHARS}(?:\\\\["\\\\bfnrt]${CHARS})*"`;
const TEXTS = `\\[(?:\\]|\\n {4}${TEXT}(?:,\\n {4}${TEXT})*\\n {2}\\])`;
const TIME = '(?:0|[1-9][0-9]{0,14})';

/** In the order written; what stands in plain parentheses is captured. */
const FIELDS: readonly (readonly [name: string, pattern: string])[] = [
  ['kind', '"(base|prepared|dataset|model|source)"'],
  ['artifact_path', `(${TEXT})`],
  ['service_names', `(${TEXTS})`],
  ['cache_key', `(${TEXT})`],
  ['source_image', `(${TEXT})`],
  ['registry', `(?:null|${TEXT})`],
  ['prepare_commands', TEXTS],
  ['prepare_env', `(${TEXTS})`],
  ['prepare_root', '(?:null|true|false)'],
  ['prepare_mounts', TEXTS],
  ['force_rebuild_due_to_mounts', '(?:true|false)'],
  ['created_at', `(${TIME})`],
  ['last_used_at', `(${TIME})`],
  ['tool_version', TEXT],
];

const OPTIONAL = ['uri', 'revision', 'content_digest']
  .map((name) => `(?:,\\n  "${name}": ${TEXT})?`)
  .join('');
const REQUIRED = FIELDS.map(([name, pattern]) => `"${name}": ${pattern}`).join(',\\n  ');
const LAYOUT = new RegExp(`^\\{\\n  ${REQUIRED}${OPTIONAL}\\n\\}$`);

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

/** Parts of a manifest in the exact layout; undefined for any other text, valid or not. One character stands for one byte. */
export function matchManifestLayout(text: string): ManifestLayout | undefined {
  if (text.length > LENGTH_LIMIT) return undefined;
  const match = LAYOUT.exec(text);
  if (!match) return undefined;
  const [
    ,
    kind = '',
    artifactPath = '',
    serviceNames = '',
    cacheKey = '',
    sourceImage = '',
    prepareEnv = '',
    created,
    used,
  ] = match;
  const artifactPathAt = '{\n  "kind": "",\n  "artifact_path": '.length + kind.length;
  const times = { createdAt: Number(created), lastUsedAt: Number(used) };
  return { kind, artifactPath, artifactPathAt, serviceNames, cacheKey, sourceImage, prepareEnv, ...times };
}
