// Hover and completion over LSP: the schema's words, and what the last look at the cache found.
import { CompletionItemKind, InsertTextFormat, MarkupKind, type CompletionItem } from 'vscode-languageserver';
import { type Completion, completionsAt } from '../language/completion.ts';
import { hoverAt } from '../language/hover.ts';
import { serviceText } from '../language/lensState.ts';
import { parseYaml } from '../spec/parse.ts';
import type { CacheBoard } from './cacheBoard.ts';
import { readCacheSettings } from './cacheSettings.ts';
import { rangeOf } from './diagnosticOf.ts';
import { guarded } from './guarded.ts';
import { LARGEST_TEXT, type OpenDocument } from './openDocuments.ts';
import type { FeatureRegistration, ServerContext } from './serverContext.ts';

/** Registers both providers. */
export function registerWords(context: ServerContext, board: CacheBoard): FeatureRegistration {
  const { connection, log } = context;
  connection.onHover(({ textDocument, position }, token) =>
    guarded(log, 'hover', token, async () => {
      const document = specAt(context, textDocument.uri);
      if (!document) return null;
      const { root } = parseYaml(document.text.getText(), document.path);
      const hover = hoverAt(
        root,
        document.text.offsetAt(position),
        await factsOf(context, board, document.uri),
      );
      if (!hover) return null;
      return {
        range: rangeOf(hover.span, document),
        contents: { kind: MarkupKind.Markdown, value: hover.markdown },
      };
    }),
  );
  connection.onCompletion(({ textDocument, position }, token) =>
    guarded(log, 'completion', token, () => {
      const document = specAt(context, textDocument.uri);
      if (!document) return [];
      const offset = document.text.offsetAt(position);
      return completionsAt(document.text.getText(), offset).map((one) => toItem(one, document, offset));
    }),
  );
  return { capabilities: { hoverProvider: true, completionProvider: {} } };
}

function specAt(context: ServerContext, uri: string): OpenDocument | undefined {
  const document = context.documents.get(uri);
  if (!document || !context.documents.isSpec(uri)) return undefined;
  return document.text.getText().length > LARGEST_TEXT ? undefined : document;
}

async function factsOf(context: ServerContext, board: CacheBoard, uri: string) {
  const { units } = readCacheSettings(await context.settings.all(uri));
  const look = board.lookOf(uri);
  return {
    ...(look ? { cacheDir: look.cacheDir } : {}),
    stateOf: (service: string) => {
      const state = board.stateOf(uri, service);
      if (state.kind === 'unknown' || !context.trusted) return undefined;
      const text = serviceText(state, { units, now: context.ports.now() }).replace(/^\$\([\w~-]+\) /, '');
      return text.charAt(0).toUpperCase() + text.slice(1);
    },
  };
}

function toItem(completion: Completion, document: OpenDocument, offset: number): CompletionItem {
  const range = { start: document.text.positionAt(completion.start), end: document.text.positionAt(offset) };
  return {
    label: completion.label,
    kind: completion.kind === 'key' ? CompletionItemKind.Property : CompletionItemKind.EnumMember,
    insertTextFormat: InsertTextFormat.PlainText,
    textEdit: { range, newText: completion.newText },
    ...(completion.words === undefined
      ? {}
      : { documentation: { kind: MarkupKind.Markdown, value: completion.words } }),
  };
}
