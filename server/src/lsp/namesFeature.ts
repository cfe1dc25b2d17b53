// Names of services over LSP: go to the definition, find uses, highlight, rename.
import { DocumentHighlightKind, LSPErrorCodes, ResponseError, type Location } from 'vscode-languageserver';
import { badServiceName, serviceNameAt, serviceNames, type ServiceName } from '../language/serviceNames.ts';
import { rangeOf } from './diagnosticOf.ts';
import { guarded } from './guarded.ts';
import type { OpenDocument } from './openDocuments.ts';
import type { Feature, ServerContext } from './serverContext.ts';

interface Place {
  readonly document: OpenDocument;
  readonly names: readonly ServiceName[];
  readonly here: ServiceName;
  /** Every place with this name, the definition too. */
  readonly same: readonly ServiceName[];
}

/** Registers the providers. */
export const namesFeature: Feature = (context) => {
  const { connection, log } = context;
  connection.onDefinition((params, token) =>
    guarded(log, 'definition', token, () => {
      const place = placeAt(context, params);
      const definition = place?.same.find(({ isDefinition }) => isDefinition);
      return place && definition ? locationOf(place.document, definition) : null;
    }),
  );
  connection.onReferences((params, token) =>
    guarded(log, 'references', token, () => {
      const place = placeAt(context, params);
      const wanted = place?.same.filter(
        ({ isDefinition }) => params.context.includeDeclaration || !isDefinition,
      );
      return place ? (wanted ?? []).map((one) => locationOf(place.document, one)) : [];
    }),
  );
  connection.onDocumentHighlight((params, token) =>
    guarded(log, 'documentHighlight', token, () => {
      const place = placeAt(context, params);
      if (!place) return null;
      return place.same.map((one) => ({
        range: rangeOf(one.span, place.document),
        kind: one.isDefinition ? DocumentHighlightKind.Write : DocumentHighlightKind.Read,
      }));
    }),
  );
  connection.onPrepareRename((params, token) =>
    guarded(log, 'prepareRename', token, () => {
      const place = placeAt(context, params);
      if (!place) return null;
      return { range: rangeOf(place.here.span, place.document), placeholder: place.here.name };
    }),
  );
  connection.onRenameRequest((params, token) =>
    guarded(log, 'rename', token, () => {
      const place = placeAt(context, params);
      if (!place) return null;
      const problem = badServiceName(params.newName, place.names, place.here.name);
      if (problem !== undefined) throw new ResponseError(LSPErrorCodes.RequestFailed, problem);
      const edits = place.same.map((one) => ({
        range: rangeOf(one.span, place.document),
        newText: written(params.newName, one, place.document),
      }));
      return { changes: { [place.document.uri]: edits } };
    }),
  );
  return {
    capabilities: {
      definitionProvider: true,
      referencesProvider: true,
      documentHighlightProvider: true,
      renameProvider: { prepareProvider: true },
    },
  };
};

function placeAt(
  context: ServerContext,
  params: { textDocument: { uri: string }; position: { line: number; character: number } },
): Place | undefined {
  const document = context.documents.get(params.textDocument.uri);
  if (!document || !context.documents.isSpec(document.uri)) return undefined;
  const names = serviceNames(context.treeOf(document));
  const here = serviceNameAt(names, document.text.offsetAt(params.position));
  return here && { document, names, here, same: names.filter(({ name }) => name === here.name) };
}

function locationOf(document: OpenDocument, { span }: ServiceName): Location {
  return { uri: document.uri, range: rangeOf(span, document) };
}

/** Quotes stay as they are, and come where YAML would read a number or a word of its own. */
function written(name: string, { span }: ServiceName, document: OpenDocument): string {
  const [first = ''] = document.text.state.slice(span.start, span.end);
  if (first === '"' || first === "'") return `${first}${name}${first}`;
  return /^[A-Za-z_][\w.-]*$/.test(name) && !/^(?:true|false|null|yes|no|on|off)$/i.test(name)
    ? name
    : `"${name}"`;
}
