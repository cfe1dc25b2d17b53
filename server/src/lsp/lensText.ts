// Code lenses as JSON text, made a few hundred at a time: a big spec has ten thousand, and what people type must be heard meanwhile.
import type { CodeLens } from 'vscode-languageserver';
import type { Lens } from '../language/lenses.ts';
import { rangeOf } from './diagnosticOf.ts';
import { JsonText } from './jsonText.ts';
import type { OpenDocument } from './openDocuments.ts';

/** So many keys get their lenses before other messages are let through. */
const KEYS_AT_ONCE = 256;

export interface LensWriting {
  readonly document: OpenDocument;
  /** What ids of commands begin with. */
  readonly prefix: string;
  /** True once the document is not the one that the lenses were made for. */
  readonly isOld: () => boolean;
  readonly signal: AbortSignal;
}

/** The text of lenses that come key by key; undefined when the document changed meanwhile. Throws when it is cancelled. */
export async function writeLenses(
  groups: Iterable<readonly Lens[]>,
  { document, prefix, isOld, signal }: LensWriting,
): Promise<JsonText<CodeLens[]> | undefined> {
  const pieces: Uint8Array[] = [];
  let [text, keys] = ['[', 0];
  for (const group of groups) {
    if (keys > 0 && keys % KEYS_AT_ONCE === 0) {
      pieces.push(Buffer.from(text));
      text = '';
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
      if (isOld()) return undefined;
    }
    text += `${keys === 0 ? '' : ','}${keyText(group, document, prefix)}`;
    keys += 1;
  }
  pieces.push(Buffer.from(`${text}]`));
  return new JsonText(pieces);
}

/** The lenses over one key: they share its range and their argument. */
function keyText(lenses: readonly Lens[], document: OpenDocument, prefix: string): string {
  const [first] = lenses;
  if (!first) return '';
  const range = JSON.stringify(rangeOf(first.span, document));
  const argument = JSON.stringify(first.argument);
  return lenses
    .map(({ title, command }) => {
      const said = JSON.stringify(widened(title));
      return `{"range":${range},"command":{"title":${said},"command":"${prefix}${command}","arguments":[${argument}]}}`;
    })
    .join(',');
}

/** VS Code drops a plain blank after an icon. */
function widened(title: string): string {
  return title.startsWith('$(') ? title.replace(/^(\$\([\w~-]+\)) /, '$1\u00a0') : title;
}
