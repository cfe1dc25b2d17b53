// Code lenses: placed from the text at once, filled from what is known, redrawn when that changes (at most once a second).
import { CodeLensRefreshRequest, type CodeLens, type Range } from 'vscode-languageserver';
import type { Span } from '../model/finding.ts';
import { codeLenses, type Lens, type LensPlaces, lensPlaces } from '../language/lenses.ts';
import type { CacheBoard } from './cacheBoard.ts';
import { readCacheSettings } from './cacheSettings.ts';
import { rangeOf } from './diagnosticOf.ts';
import { guarded } from './guarded.ts';
import { LARGEST_TEXT, type OpenDocument } from './openDocuments.ts';
import type { FeatureRegistration, ServerContext } from './serverContext.ts';

const REDRAW_MS = 1000;

/** Registers the code lens provider. */
export function registerLenses(context: ServerContext, board: CacheBoard): FeatureRegistration {
  const placesOf = rememberPlaces(context);
  context.connection.onCodeLens(({ textDocument: { uri } }, token) =>
    guarded(context.log, 'codeLens', token, async () => {
      const document = context.documents.get(uri);
      if (!document || !context.documents.isSpec(uri)) return [];
      const settings = readCacheSettings(await context.settings.all(uri));
      const places = placesOf(document);
      if (!places || !settings.enabled) return [];
      const hidden = context.trusted ? undefined : ({ kind: 'untrusted' } as const);
      const facts = {
        uri,
        detail: settings.codeLens,
        header: hidden ?? board.headerOf(uri, settings.budget),
        stateOf: (service: string) => hidden ?? board.stateOf(uri, service),
      };
      const style = { units: settings.units, now: context.ports.now() };
      return toCodeLenses(codeLenses(places, facts, style), document, context);
    }),
  );
  const dispose = context.client.codeLensRefresh ? redrawOnChange(context, board) : () => undefined;
  context.documents.onDidClose(({ uri }) => placesOf.forget(uri));
  return { capabilities: { codeLensProvider: {} }, dispose };
}

/** Lenses over the same key come one behind the other and share its range: big specs have thousands. */
function toCodeLenses(lenses: readonly Lens[], document: OpenDocument, context: ServerContext): CodeLens[] {
  const prefix = context.options.serverCommands ? 'hpcCompose.server.' : 'hpcCompose.';
  let at: Span | undefined;
  let range: Range | undefined;
  return lenses.map(({ span, title, command, argument }) => {
    if (span !== at || !range) [at, range] = [span, rangeOf(span, document)];
    return {
      range,
      command: { title: widened(title), command: prefix + command, arguments: [argument] },
    };
  });
}

/** VS Code drops a plain blank after an icon. */
function widened(title: string): string {
  return title.startsWith('$(') ? title.replace(/^(\$\([\w~-]+\)) /, '$1\u00a0') : title;
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
