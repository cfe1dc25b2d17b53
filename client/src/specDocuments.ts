// Follows the YAML documents of the window: which of them may be specs, which specs this workspace has seen.
import * as vscode from 'vscode';
import { isSpecName, looksLikeSpec } from '../../server/src/spec/detect.ts';
import { endAll, type Lifetime } from './lifetime.ts';

const LANGUAGES = new Set(['yaml', 'dockercompose']);
const SEEN = 'hpcCompose.seenSpecs';
const SEEN_LIMIT = 20;
/** Characters looked at: detection must cost nothing for a large file of another kind. */
const HEAD = 64 * 1024;
const HEAD_LINES = 2000;

export interface SpecDocuments extends Lifetime {
  /** True when the document may be a spec; remembered until the document closes. */
  isSpec(document: vscode.TextDocument): boolean;
  /**
   * The spec that a command without an argument acts on: the active one, else the one that was active last (also when a page has
   * taken its tab meanwhile), else an open one.
   */
  current(): vscode.Uri | undefined;
  /** Addresses of open and formerly seen specs, the current one first. */
  known(): vscode.Uri[];
  /** Takes the document for a spec until it closes, because people say so. */
  treatAsSpec(document: vscode.TextDocument): void;
  /** Takes a spec that is gone from the list. */
  forget(uri: vscode.Uri): void;
  /** Fires when a spec opens, closes or becomes the active document. */
  readonly onDidChange: vscode.Event<void>;
}

/** Watches the open documents. `onFirstSpec` is called for each document that is recognised. */
export function followSpecDocuments(
  memory: vscode.Memento,
  onSpec: (document: vscode.TextDocument) => void,
): SpecDocuments {
  const specs = new Set<string>();
  const changed = new vscode.EventEmitter<void>();
  const isSpec = (document: vscode.TextDocument) => specs.has(document.uri.toString());

  let lastActive: vscode.TextDocument | undefined;
  const announce = () => {
    const active = vscode.window.activeTextEditor?.document;
    const isActive = active !== undefined && isSpec(active);
    if (isActive) lastActive = active;
    void vscode.commands.executeCommand('setContext', 'hpcCompose:isHpcDocument', isActive);
    // Stays: the walkthrough's step is done, whatever document is looked at later.
    if (specs.size > 0) void vscode.commands.executeCommand('setContext', 'hpcCompose:hasSpec', true);
    changed.fire();
  };
  const look = (document: vscode.TextDocument) => {
    if (!LANGUAGES.has(document.languageId) || isSpec(document)) return;
    if (isSpecName(document.fileName) || looksLikeSpec(head(document))) take(document);
  };
  const take = (document: vscode.TextDocument) => {
    specs.add(document.uri.toString());
    if (document.uri.scheme === 'file') remember(memory, document.uri);
    onSpec(document);
    announce();
  };
  const subscriptions = [
    vscode.workspace.onDidOpenTextDocument(look),
    vscode.workspace.onDidChangeTextDocument((event) => look(event.document)),
    vscode.workspace.onDidCloseTextDocument((document) => {
      if (specs.delete(document.uri.toString())) announce();
    }),
    vscode.window.onDidChangeActiveTextEditor(announce),
  ];
  vscode.workspace.textDocuments.forEach(look);
  announce();

  const open = () => vscode.workspace.textDocuments.filter(isSpec);
  const current = () => {
    const visible = vscode.window.visibleTextEditors.map((editor) => editor.document).filter(isSpec);
    const active = visible.find((document) => document === vscode.window.activeTextEditor?.document);
    const stillOpen = open().find((document) => document === lastActive);
    return (active ?? stillOpen ?? visible[0] ?? lastActive ?? open()[0])?.uri;
  };
  return {
    isSpec,
    treatAsSpec: take,
    current,
    known: () => unique([current(), ...open().map((document) => document.uri), ...seen(memory)]),
    forget: (uri) => {
      const gone = uri.toString();
      if (lastActive?.uri.toString() === gone) lastActive = undefined;
      void memory.update(
        SEEN,
        memory.get<string[]>(SEEN, []).filter((text) => text !== gone),
      );
    },
    onDidChange: changed.event,
    dispose: () => endAll(changed, ...subscriptions),
  };
}

function head(document: vscode.TextDocument): string {
  return document.getText(new vscode.Range(0, 0, HEAD_LINES, 0)).slice(0, HEAD);
}

function seen(memory: vscode.Memento): vscode.Uri[] {
  return memory.get<string[]>(SEEN, []).map((text) => vscode.Uri.parse(text));
}

function remember(memory: vscode.Memento, uri: vscode.Uri): void {
  const others = memory.get<string[]>(SEEN, []).filter((text) => text !== uri.toString());
  void memory.update(SEEN, [uri.toString(), ...others].slice(0, SEEN_LIMIT));
}

function unique(uris: readonly (vscode.Uri | undefined)[]): vscode.Uri[] {
  const byText = new Map<string, vscode.Uri>();
  for (const uri of uris) if (uri && !byText.has(uri.toString())) byText.set(uri.toString(), uri);
  return [...byText.values()];
}
