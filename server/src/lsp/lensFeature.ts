// Code lenses: placed from the text at once, filled from what is known, redrawn when that changes (at most once a second).
import {
  CodeLensRefreshRequest,
  CodeLensRequest,
  type CancellationToken,
  type CodeLens,
  type CodeLensParams,
} from 'vscode-languageserver';
import { lensesByKey, type LensPlaces, lensPlaces } from '../language/lenses.ts';
import type { CacheBoard } from './cacheBoard.ts';
import { readCacheSettings, type CacheSettings } from './cacheSettings.ts';
import { guarded } from './guarded.ts';
import type { JsonText } from './jsonText.ts';
import { writeLenses } from './lensText.ts';
import { LARGEST_TEXT, type OpenDocument } from './openDocuments.ts';
import type { FeatureRegistration, ServerContext } from './serverContext.ts';

const REDRAW_MS = 1000;

/** Registers the code lens provider. */
export function registerLenses(context: ServerContext, board: CacheBoard): FeatureRegistration {
  const placesOf = rememberPlaces(context);
  const prefix = context.options.serverCommands ? 'hpcCompose.server.' : 'hpcCompose.';
  const lensesOf = (document: OpenDocument, { enabled, units, codeLens, budget }: CacheSettings) => {
    const { uri } = document;
    const places = placesOf(document);
    if (!places || !enabled) return [];
    const hidden = context.trusted ? undefined : ({ kind: 'untrusted' } as const);
    const facts = {
      uri,
      detail: codeLens,
      header: hidden ?? board.headerOf(uri, budget),
      stateOf: (service: string) => hidden ?? board.stateOf(uri, service),
    };
    return lensesByKey(places, facts, { units, now: context.ports.now() });
  };
  const answer = async (uri: string, signal: AbortSignal): Promise<CodeLens[] | JsonText<CodeLens[]>> => {
    for (;;) {
      const document = context.documents.get(uri);
      if (!document || !context.documents.isSpec(uri)) return [];
      const settings = readCacheSettings(await context.settings.all(uri));
      const { version } = document.text;
      const groups = lensesOf(document, settings);
      const isOld = () => document.text.version !== version || context.documents.get(uri) !== document;
      const text = await writeLenses(groups, { document, prefix, isOld, signal });
      if (text) return text;
    }
  };
  // By its name: the answer is text already, which the library's own type of it does not know.
  context.connection.onRequest(
    CodeLensRequest.method,
    ({ textDocument: { uri } }: CodeLensParams, token: CancellationToken) =>
      guarded(context.log, 'codeLens', token, (signal) => answer(uri, signal)),
  );
  const dispose = context.client.codeLensRefresh ? redrawOnChange(context, board) : () => undefined;
  context.documents.onDidClose(({ uri }) => placesOf.forget(uri));
  return { capabilities: { codeLensProvider: {} }, dispose };
}

/** Places by document; while a text cannot be read at all, the last ones stay. */
function rememberPlaces(context: Pick<ServerContext, 'treeOf'>) {
  const known = new Map<string, { version: number; places: LensPlaces | undefined }>();
  const placesOf = (document: OpenDocument): LensPlaces | undefined => {
    const last = known.get(document.uri);
    const { version } = document.text;
    if (last?.version === version) return last.places;
    if (document.text.length > LARGEST_TEXT) return undefined;
    const root = context.treeOf(document);
    const places = lensPlaces(root) ?? (root === undefined ? last?.places : undefined);
    known.set(document.uri, { version, places });
    return places;
  };
  return Object.assign(placesOf, { forget: (uri: string) => known.delete(uri) });
}

function redrawOnChange(context: ServerContext, board: CacheBoard): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = 0;
  const redraw = () => {
    timer = undefined;
    last = Date.now();
    context.connection.sendRequest(CodeLensRefreshRequest.type).catch(() => undefined);
  };
  const soon = () => {
    timer ??= setTimeout(redraw, Math.max(0, last + REDRAW_MS - Date.now()));
  };
  board.onDidChange(soon);
  context.settings.onDidChange(soon);
  return () => clearTimeout(timer);
}
