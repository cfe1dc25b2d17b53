// Changes single values of a TOML text and leaves every other byte alone: comments, order, line ends. The caller checks the
// result with a real parser; layouts that cannot be edited this way (a value inside an inline table) give undefined.
import { layoutToml, sameNames, type TomlEntry, type TomlLayout } from '../model/tomlLayout.ts';

/** Sets a key to a value that is already TOML text. */
export function setTomlValue(text: string, path: readonly string[], value: string): string | undefined {
  const layout = layoutToml(text);
  const entry = layout.entries.find((candidate) => sameNames(candidate.path, path));
  if (entry) return text.slice(0, entry.valueStart) + value + text.slice(entry.valueEnd);
  if (holdsInline(layout, path)) return undefined;
  const parent = path.slice(0, -1);
  const key = tomlKey(path.at(-1) ?? '');
  const sibling = layout.entries.findLast((candidate) => sameNames(candidate.path.slice(0, -1), parent));
  if (sibling) return insertLine(text, sibling.lineEnd, `${prefixOf(text, sibling)}${key} = ${value}`);
  if (parent.length === 0) return insertLine(text, firstLine(text, layout), `${key} = ${value}`);
  const table = layout.tables.find((candidate) => sameNames(candidate.path, parent));
  if (table) return insertLine(text, table.bodyStart, `${key} = ${value}`);
  return appendTable(text, parent, `${key} = ${value}`);
}

/** Removes a key with its line; a key that is not there is no change. */
export function removeTomlValue(text: string, path: readonly string[]): string | undefined {
  const layout = layoutToml(text);
  const entry = layout.entries.find((candidate) => sameNames(candidate.path, path));
  if (entry) return text.slice(0, entry.lineStart) + text.slice(entry.lineEnd);
  return holdsInline(layout, path) ? undefined : text;
}

/** A text as TOML: literal where that saves escapes, as hpc-compose writes it. */
export function tomlString(text: string): string {
  return /["\\]/.test(text) && !/['\0-\x08\n-\x1f\x7f]/.test(text) ? `'${text}'` : basicString(text);
}

function basicString(text: string): string {
  return JSON.stringify(text).replaceAll('\x7f', '\\u007F');
}

/** A key, quoted where it must be. */
export function tomlKey(name: string): string {
  return /^[A-Za-z0-9_-]+$/.test(name) ? name : tomlString(name);
}

/** True when a value at the path would lie inside a value that is written in one piece. */
function holdsInline({ entries }: TomlLayout, path: readonly string[]): boolean {
  return entries.some(
    (entry) => entry.path.length < path.length && sameNames(entry.path, path.slice(0, entry.path.length)),
  );
}

/** What stands before the last part of a sibling's key: indentation and dotted names. */
function prefixOf(text: string, sibling: TomlEntry): string {
  const written = text.slice(sibling.lineStart, sibling.keyEnd);
  const last = sibling.path.at(-1) ?? '';
  const spellings = [tomlKey(last), basicString(last), `'${last}'`];
  const spelling = spellings.find((candidate) => written.endsWith(candidate)) ?? '';
  return written.slice(0, written.length - spelling.length);
}

/** Before the first table, after comments at the head of the file. */
function firstLine(text: string, { tables }: TomlLayout): number {
  const end = tables[0]?.headerStart ?? text.length;
  const head = /^(?:[ \t]*(?:#[^\n]*)?\r?\n)*/.exec(text.slice(0, end));
  return head?.[0].length ?? 0;
}

function insertLine(text: string, at: number, line: string): string {
  const newline = newlineOf(text);
  const before = text.slice(0, at);
  const gap = before === '' || before.endsWith('\n') ? '' : newline;
  return `${before}${gap}${line}${newline}${text.slice(at)}`;
}

function appendTable(text: string, path: readonly string[], line: string): string {
  const newline = newlineOf(text);
  const ended = text === '' || text.endsWith('\n') ? text : text + newline;
  const blank = ended === '' ? '' : newline;
  return `${ended}${blank}[${path.map(tomlKey).join('.')}]${newline}${line}${newline}`;
}

function newlineOf(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}
