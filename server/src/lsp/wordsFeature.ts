// Hover and completion over LSP: the schema's words, and what the last look at the cache found.
import {
  CompletionItemKind,
  InsertTextFormat,
  InsertTextMode,
  MarkupKind,
  type CompletionItem,
} from 'vscode-languageserver';
import { type Completion, type CompletionFacts, completionsAt } from '../language/completion.ts';
import { cacheWords, imageWords } from '../language/cacheWords.ts';
import { hoverAt } from '../language/hover.ts';
import type { CacheBoard } from './cacheBoard.ts';
import { readCacheSettings } from './cacheSettings.ts';
import { rangeOf } from './diagnosticOf.ts';
import { guarded } from './guarded.ts';
import { LARGEST_TEXT, type OpenDocument } from './openDocuments.ts';
import type { FeatureRegistration, ServerContext } from './serverContext.ts';
import { SUGGEST_AGAIN } from '../model/protocol.ts';
import { sharedDirectories } from './sharedDirectories.ts';
import { choicesFor } from './specPlans.ts';

/** Registers both providers. */
export function registerWords(context: ServerContext, board: CacheBoard): FeatureRegistration {
  const { connection, log } = context;
  connection.onHover(({ textDocument, position }, token) =>
    guarded(log, 'hover', token, async () => {
      const document = specAt(context, textDocument.uri);
      if (!document) return null;
      const root = context.treeOf(document);
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
    guarded(log, 'completion', token, async () => {
      const document = specAt(context, textDocument.uri);
      if (!document) return [];
      const offset = document.text.offsetAt(position);
      const text = document.text.getText();
      const line = document.text.state.slice(
        document.text.offsetAt({ line: position.line, character: 0 }),
        offset,
      );
      const found = completionsAt(text, offset, await completionFacts(context, board, document, line));
      return found.map((one, index) => toItem(one, index, document, offset));
    }),
  );
  return { capabilities: { hoverProvider: true, completionProvider: { triggerCharacters: [' '] } } };
}

/** Looks at the machine only for the key that wants it. */
async function completionFacts(
  context: ServerContext,
  board: CacheBoard,
  { uri }: OpenDocument,
  line: string,
): Promise<CompletionFacts> {
  const wanted = context.trusted && /^\s*cache_dir:/.test(line);
  const { choices, ports } = wanted ? await choicesFor(context, uri) : {};
  const directories = choices && ports ? await sharedDirectories(ports.env, choices) : [];
  return {
    cacheDirectories: directories.map(({ path }) => path),
    images: board.imagesOf(uri),
  };
}

function specAt(context: ServerContext, uri: string): OpenDocument | undefined {
  const document = context.documents.get(uri);
  if (!document || !context.documents.isSpec(uri)) return undefined;
  return document.text.length > LARGEST_TEXT ? undefined : document;
}

async function factsOf(context: ServerContext, board: CacheBoard, uri: string) {
  const { units } = readCacheSettings(await context.settings.all(uri));
  const style = { units, now: context.ports.now() };
  const look = board.lookOf(uri);
  return {
    ...(look ? { cacheDir: cacheWords(look.cacheDir, board.cacheOf(uri), style) } : {}),
    stateOf: (service: string) => {
      const state = board.stateOf(uri, service);
      return state.kind === 'unknown' || !context.trusted ? undefined : imageWords(state, style);
    },
  };
}

const KINDS: Readonly<Record<Completion['kind'], CompletionItemKind>> = {
  key: CompletionItemKind.Property,
  value: CompletionItemKind.EnumMember,
  service: CompletionItemKind.Reference,
  directory: CompletionItemKind.Folder,
  image: CompletionItemKind.File,
};

function toItem(
  completion: Completion,
  index: number,
  document: OpenDocument,
  offset: number,
): CompletionItem {
  const { label, kind, detail, words, goesOn } = completion;
  const range = { start: document.text.positionAt(completion.start), end: document.text.positionAt(offset) };
  return {
    label,
    kind: KINDS[kind],
    sortText: String(index).padStart(4, '0'),
    insertTextFormat: InsertTextFormat.PlainText,
    insertTextMode: InsertTextMode.asIs,
    textEdit: { range, newText: completion.newText },
    ...(detail === undefined ? {} : { detail }),
    ...(words === undefined ? {} : { documentation: { kind: MarkupKind.Markdown, value: words } }),
    ...(goesOn ? { data: SUGGEST_AGAIN } : {}),
  };
}
