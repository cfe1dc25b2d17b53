// Reads the lines around a place as YAML's indentation has them: which keys enclose it, which keys stand beside it. Never parses.
import type { Path } from './schemaWords.ts';

interface Line {
  readonly indent: number;
  /** Key of a block mapping, without quotes. */
  readonly key?: string;
  readonly isItem: boolean;
}

/** The keys that enclose a line with this beginning, outermost first. */
export function pathAbove(above: readonly string[], lead: string): Path {
  const path: string[] = [];
  let limit = lead.length;
  if (lead.includes('-')) {
    path.unshift('-');
    limit = lead.indexOf('-') + 1;
  }
  for (const text of above.toReversed()) {
    const line = readLine(text);
    if (!line) continue;
    if (line.isItem && line.indent < limit && path[0] !== '-') {
      const keyIndent = text.indexOf('-') + 1;
      if (line.key !== undefined && text.length > keyIndent && lead.length > indentOfKey(text))
        path.unshift(line.key);
      path.unshift('-');
      limit = line.indent + 1;
      continue;
    }
    if (!line.isItem && line.key !== undefined && line.indent < limit) {
      path.unshift(line.key);
      limit = line.indent;
    }
    if (limit === 0) break;
  }
  return path;
}

/** Keys that the same mapping has already. */
export function siblings(above: readonly string[], after: string, indent: number): Set<string> {
  const found = new Set<string>();
  const collect = (lines: readonly string[]) => {
    for (const text of lines) {
      const line = readLine(text);
      if (!line) continue;
      const at = indentOfKey(text);
      if (at < indent) return;
      if (at === indent && line.key !== undefined) found.add(line.key);
      if (line.isItem && at === indent) return;
    }
  };
  collect(above.toReversed());
  collect(after.split('\n').slice(1));
  return found;
}

/** The keys right below a root key, in their order. */
export function namesBelow(text: string, root: string): string[] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => readLine(line)?.key === root && !/^\s/.test(line));
  const names: string[] = [];
  let indent: number | undefined;
  for (const text of start < 0 ? [] : lines.slice(start + 1)) {
    const line = readLine(text);
    if (!line) continue;
    if (line.indent === 0) break;
    indent ??= line.indent;
    if (line.indent === indent && line.key !== undefined) names.push(line.key);
  }
  return names;
}

function indentOfKey(text: string): number {
  return /^\s*(?:- +)*/.exec(text)?.[0].length ?? 0;
}

function readLine(text: string): Line | undefined {
  const match = /^(\s*)((?:- +)*)(?:["']?([\w.-]+)["']?:(?:\s|$))?/.exec(text);
  if (!match || text.trim() === '' || text.trimStart().startsWith('#')) return undefined;
  const [, indent = '', dashes = '', key] = match;
  return { indent: indent.length, isItem: dashes !== '', ...(key === undefined ? {} : { key }) };
}
