// Where keys and values stand in a TOML text, for exact findings and for edits that keep every other byte. Reads valid TOML
// (a real parser judges it first) and understands its whole surface: dotted and quoted keys, nested arrays, every string form.

export interface TomlEntry {
  /** Full path, with the names of the table it stands in. */
  readonly path: readonly string[];
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  /** Start of the line of the key, and the position after the line end of the value. */
  readonly lineStart: number;
  readonly lineEnd: number;
}

export interface TomlTable {
  readonly path: readonly string[];
  readonly headerStart: number;
  readonly headerEnd: number;
  /** Position after the header's line end. */
  readonly bodyStart: number;
}

export interface TomlLayout {
  /** In the order of the text; entries of inline tables are not listed. */
  readonly entries: readonly TomlEntry[];
  readonly tables: readonly TomlTable[];
}

/** The layout of a valid TOML text. For an invalid one it ends where it no longer understands. */
export function layoutToml(text: string): TomlLayout {
  const entries: TomlEntry[] = [];
  const tables: TomlTable[] = [];
  let table: readonly string[] = [];
  for (let at = 0; at < text.length;) {
    const start = skipSpace(text, at);
    const char = text[start];
    if (char === '[') {
      const header = readHeader(text, start);
      table = header.path;
      tables.push(header);
      at = header.bodyStart;
    } else if (char === undefined || char === '#' || char === '\n' || char === '\r') {
      at = lineEnd(text, start);
    } else {
      const entry = readEntry(text, start, lineStart(text, start), table);
      if (!entry) break;
      entries.push(entry);
      at = entry.lineEnd;
    }
  }
  return { entries, tables };
}

/** The place of a key path: its entry, else the header of its table, else the nearest ancestor's. */
export function findTomlPath(
  layout: TomlLayout,
  path: readonly string[],
): { readonly start: number; readonly end: number } | undefined {
  for (let length = path.length; length > 0; length--) {
    const wanted = path.slice(0, length);
    const entry = layout.entries.find((candidate) => sameNames(candidate.path, wanted));
    if (entry) return { start: entry.keyStart, end: entry.valueEnd };
    const table = layout.tables.find((candidate) => sameNames(candidate.path, wanted));
    if (table) return { start: table.headerStart, end: table.headerEnd };
  }
  return undefined;
}

/** True when both paths have the same names. */
export function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index]);
}

function readHeader(text: string, start: number): TomlTable {
  const opening = text.startsWith('[[', start) ? 2 : 1;
  const key = readKey(text, start + opening);
  const close = text.indexOf(']', key.end);
  const headerEnd = (close < 0 ? text.length : close) + opening;
  return { path: key.path, headerStart: start, headerEnd, bodyStart: lineEnd(text, headerEnd) };
}

function readEntry(
  text: string,
  start: number,
  lineStart: number,
  table: readonly string[],
): TomlEntry | undefined {
  const key = readKey(text, start);
  const equals = skipSpace(text, key.end);
  if (text[equals] !== '=' || key.path.length === 0) return undefined;
  const valueStart = skipSpace(text, equals + 1);
  const valueEnd = skipValue(text, valueStart);
  return {
    path: [...table, ...key.path],
    keyStart: start,
    keyEnd: key.end,
    valueStart,
    valueEnd,
    lineStart,
    lineEnd: lineEnd(text, valueEnd),
  };
}

function readKey(text: string, start: number): { path: string[]; end: number } {
  const path: string[] = [];
  let end = start;
  for (let at = skipSpace(text, start); ;) {
    const part = readKeyPart(text, at);
    if (!part) return { path, end };
    path.push(part.name);
    end = part.end;
    const dot = skipSpace(text, end);
    if (text[dot] !== '.') return { path, end };
    at = skipSpace(text, dot + 1);
  }
}

function readKeyPart(text: string, at: number): { name: string; end: number } | undefined {
  const quote = text[at];
  if (quote === '"' || quote === "'") {
    const end = skipString(text, at);
    const inner = text.slice(at + 1, end - 1);
    return { name: quote === '"' ? unescapeToml(inner) : inner, end };
  }
  BARE_KEY.lastIndex = at;
  const name = BARE_KEY.exec(text)?.[0];
  return name === undefined ? undefined : { name, end: at + name.length };
}

const BARE_KEY = /[A-Za-z0-9_-]+/y;
const BARE_VALUE = /[^\s,\]}#]+(?: \d[^\s,\]}#]*)?/y;

function skipValue(text: string, at: number): number {
  const char = text[at];
  if (char === '"' || char === "'") return skipString(text, at);
  if (char === '[' || char === '{') return skipBrackets(text, at);
  BARE_VALUE.lastIndex = at;
  return at + (BARE_VALUE.exec(text)?.[0].length ?? 0);
}

function skipBrackets(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length;) {
    const char = text[at];
    if (char === '"' || char === "'") at = skipString(text, at);
    else if (char === '#') at = lineEnd(text, at);
    else {
      at++;
      if (char === '[' || char === '{') depth++;
      else if ((char === ']' || char === '}') && --depth === 0) return at;
    }
  }
  return text.length;
}

function skipString(text: string, start: number): number {
  const quote = text[start] ?? '"';
  const triple = quote.repeat(3);
  const long = text.startsWith(triple, start);
  let at = start + (long ? 3 : 1);
  while (at < text.length) {
    if (quote === '"' && text[at] === '\\') at += 2;
    else if (long && text.startsWith(triple, at)) {
      at += 3;
      while (text[at] === quote) at++;
      return at;
    } else if (!long && text[at] === quote) return at + 1;
    else at++;
  }
  return text.length;
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  t: '\t',
  n: '\n',
  f: '\f',
  r: '\r',
};

function unescapeToml(text: string): string {
  return text.replace(
    /\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/g,
    (_whole, short: string | undefined, long: string | undefined, char: string | undefined) => {
      const digits = short ?? long;
      if (digits !== undefined) return String.fromCodePoint(Number.parseInt(digits, 16));
      return SHORT_ESCAPES[char ?? ''] ?? char ?? '';
    },
  );
}

function skipSpace(text: string, at: number): number {
  let end = at;
  while (text[end] === ' ' || text[end] === '\t') end++;
  return end;
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1;
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end + 1;
}
