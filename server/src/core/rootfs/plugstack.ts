// Reads the rootfs cache's options from Slurm's plugstack.conf and the files it includes. Reading is best effort: an
// unreadable file means "not configured", never a failure. Source: rootfs contract, section 1.2.

export interface PlugstackFiles {
  /** The text of one file, or undefined when it cannot be read. */
  read(path: string): string | undefined;
  /** Paths that match a shell pattern, sorted. */
  glob(pattern: string): readonly string[];
}

/** Values as written; they are judged where settings are. */
export interface PlugstackOptions {
  readonly file: string;
  readonly dataPath?: string;
  readonly gcHigh?: string;
  readonly gcLow?: string;
}

const MAX_DEPTH = 8;
const KEYS = {
  container_cache_data_path: 'dataPath',
  container_cache_gc_high: 'gcHigh',
  container_cache_gc_low: 'gcLow',
} as const;

/** Options of the first pyxis line found from `path` on, following `include`; undefined when there is none. */
export function readPlugstack(path: string, files: PlugstackFiles, depth = 0): PlugstackOptions | undefined {
  const text = depth > MAX_DEPTH ? undefined : files.read(path);
  if (text === undefined) return undefined;
  for (const line of text.split(/\r?\n/)) {
    const words = splitWords(line);
    const found =
      words[0]?.toLowerCase() === 'include'
        ? readIncluded(words.slice(1), path, files, depth)
        : readPluginLine(words, path);
    if (found) return found;
  }
  return undefined;
}

function readIncluded(
  patterns: readonly string[],
  from: string,
  files: PlugstackFiles,
  depth: number,
): PlugstackOptions | undefined {
  for (const pattern of patterns) {
    const absolute = pattern.startsWith('/') ? pattern : `${from.replace(/\/[^/]*$/, '')}/${pattern}`;
    for (const file of files.glob(absolute)) {
      const found = readPlugstack(file, files, depth + 1);
      if (found) return found;
    }
  }
  return undefined;
}

function readPluginLine(words: readonly string[], file: string): PlugstackOptions | undefined {
  const [mode, plugin, ...options] = words;
  if (!/^(required|optional)$/i.test(mode ?? '') || !/(^|\/)[^/]*pyxis[^/]*\.so$/.test(plugin ?? ''))
    return undefined;
  const found: { file: string; dataPath?: string; gcHigh?: string; gcLow?: string } = { file };
  for (const option of options) {
    const at = option.indexOf('=');
    const key = KEYS[option.slice(0, at) as keyof typeof KEYS] as
      (typeof KEYS)[keyof typeof KEYS] | undefined;
    if (key) found[key] = option.slice(at + 1);
  }
  return found;
}

/** Words of one line; `#` begins a comment, quotes keep blanks together. */
function splitWords(line: string): string[] {
  const words: string[] = [];
  for (const [whole] of line.matchAll(/#.*|(?:"[^"]*"|'[^']*'|[^\s"'#]|(?<=\S)#)+/g)) {
    if (whole.startsWith('#')) break;
    words.push(whole.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
  }
  return words;
}
