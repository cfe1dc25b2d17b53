// Completion of keys and listed values. Works on the lines above the cursor, because text that is being typed rarely parses.
import { keysAt, type Path, valuesAt, wordsOf } from './schemaWords.ts';

export interface Completion {
  readonly label: string;
  readonly kind: 'key' | 'value';
  /** Words on the key, in Markdown. */
  readonly words?: string;
  readonly newText: string;
  /** Offset where the typed part begins; it ends at the cursor. */
  readonly start: number;
}

interface Line {
  readonly indent: number;
  /** Key of a block mapping, without quotes. */
  readonly key?: string;
  readonly isItem: boolean;
}

/** What can be written at an offset of the text. */
export function completionsAt(text: string, offset: number): Completion[] {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const typed = text.slice(start, offset);
  const above = text.slice(0, start).split('\n').slice(0, -1);
  const value = /^(\s*(?:- +)?)([\w-]+):[ \t]+(["']?)([\w.-]*)$/.exec(typed);
  if (value) return valueCompletions(above, value, offset);
  const key = /^(\s*(?:- +)*)([\w-]*)$/.exec(typed);
  if (!key || (key[1] ?? '').includes('\t')) return [];
  return keyCompletions(above, text.slice(offset), key, offset);
}

function valueCompletions(above: readonly string[], match: RegExpExecArray, offset: number): Completion[] {
  const [, lead = '', key = '', , typed = ''] = match;
  const path = [...pathAbove(above, lead), key];
  return valuesAt(path).map((label) => ({
    label,
    kind: 'value',
    newText: label,
    start: offset - typed.length,
  }));
}

function keyCompletions(
  above: readonly string[],
  after: string,
  match: RegExpExecArray,
  offset: number,
): Completion[] {
  const [, lead = '', typed = ''] = match;
  const path = pathAbove(above, lead);
  const present = siblings(above, after, lead.length);
  const hasColon = /^[\w-]*:/.test(after);
  return [...keysAt(path)]
    .filter(([label]) => !present.has(label))
    .map(([label, shape]) => {
      const words = shape.markdownDescription ?? wordsOf([...path, label]);
      const newText = hasColon ? label : `${label}: `;
      const common = { label, kind: 'key', newText, start: offset - typed.length } as const;
      return words === undefined ? common : { ...common, words };
    });
}

/** The keys that enclose a line with this beginning, outermost first. */
function pathAbove(above: readonly string[], lead: string): Path {
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

function indentOfKey(text: string): number {
  return /^\s*(?:- +)*/.exec(text)?.[0].length ?? 0;
}

function readLine(text: string): Line | undefined {
  const match = /^(\s*)((?:- +)*)(?:["']?([\w.-]+)["']?:(?:\s|$))?/.exec(text);
  if (!match || text.trim() === '' || text.trimStart().startsWith('#')) return undefined;
  const [, indent = '', dashes = '', key] = match;
  return { indent: indent.length, isItem: dashes !== '', ...(key === undefined ? {} : { key }) };
}

/** Keys that the same mapping has already. */
function siblings(above: readonly string[], after: string, indent: number): Set<string> {
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
