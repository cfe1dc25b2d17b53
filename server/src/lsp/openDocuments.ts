// The documents that the editor holds open, kept by incremental sync, and which of them are specs. Once a document was seen
// to be a spec it stays one until it is closed, so that half-typed markers do not make findings flicker.
import { Emitter, type Connection, type Event } from 'vscode-languageserver';
import { URI } from 'vscode-uri';
import { EditedText, type TextEdit } from './editedText.ts';
import { isSpecName, looksLikeSpec } from '../spec/detect.ts';

/** Texts longer than this get one note instead of an analysis. */
export const LARGEST_TEXT = 5 * 1024 * 1024;

export interface OpenDocument {
  readonly uri: string;
  readonly languageId: string;
  /** Absolute path of the file, or the URI when it is not on a disk. */
  readonly path: string;
  readonly text: EditedText;
}

export interface DocumentChange {
  readonly document: OpenDocument;
  /** Each counts from the text that the one before it left. Undefined: everything is new. */
  readonly edits: readonly TextEdit[] | undefined;
}

const LANGUAGES = new Set(['yaml', 'dockercompose']);

export class OpenDocuments {
  private readonly open = new Map<string, OpenDocument>();
  private readonly specs = new Set<string>();
  private readonly opened = new Emitter<OpenDocument>();
  private readonly changed = new Emitter<DocumentChange>();
  private readonly closed = new Emitter<OpenDocument>();
  private detect: 'content' | 'always' = 'content';

  readonly onDidOpen: Event<OpenDocument> = this.opened.event;
  readonly onDidChange: Event<DocumentChange> = this.changed.event;
  readonly onDidClose: Event<OpenDocument> = this.closed.event;

  get(uri: string): OpenDocument | undefined {
    return this.open.get(uri);
  }

  all(): readonly OpenDocument[] {
    return [...this.open.values()];
  }

  /** All open documents that are specs. */
  allSpecs(): readonly OpenDocument[] {
    return this.all().filter((document) => this.isSpec(document.uri));
  }

  /** True when the document is (or, since it was opened, was) an hpc-compose spec. */
  isSpec(uri: string): boolean {
    const document = this.open.get(uri);
    if (!document) return false;
    if (this.specs.has(uri)) return true;
    const found =
      this.detect === 'always' ||
      isSpecName(document.path) ||
      (LANGUAGES.has(document.languageId) && looksLikeSpec(document.text.state.slice(0, LARGEST_TEXT)));
    if (found) this.specs.add(uri);
    return found;
  }

  /** Judges the document as a spec until it closes, whatever its text says: for those who listen it opens anew. */
  treatAsSpec(uri: string): void {
    const document = this.open.get(uri);
    if (!document || this.isSpec(uri)) return;
    this.specs.add(uri);
    this.opened.fire(document);
  }

  /** How to tell specs: by their content, or every document is one. */
  setDetection(detect: 'content' | 'always'): void {
    this.detect = detect;
  }

  /** Follows the documents of this connection. */
  listen(connection: Connection): void {
    connection.onDidOpenTextDocument(({ textDocument: { uri, languageId, version, text } }) => {
      this.specs.delete(uri);
      const document = {
        uri,
        languageId,
        path: pathOf(uri),
        text: new EditedText(version, text),
      };
      this.open.set(uri, document);
      this.opened.fire(document);
    });
    connection.onDidChangeTextDocument(({ textDocument: { uri, version }, contentChanges }) => {
      const document = this.open.get(uri);
      if (!document) return;
      const edits = contentChanges.map((change) => document.text.change(change, version));
      const isPartial = (edit: TextEdit | undefined) => edit !== undefined;
      this.changed.fire({ document, edits: edits.every(isPartial) ? edits : undefined });
    });
    connection.onDidCloseTextDocument(({ textDocument: { uri } }) => {
      const document = this.open.get(uri);
      this.open.delete(uri);
      this.specs.delete(uri);
      if (document) this.closed.fire(document);
    });
  }
}

function pathOf(uri: string): string {
  const parsed = URI.parse(uri);
  return parsed.scheme === 'file' ? parsed.fsPath : uri;
}
