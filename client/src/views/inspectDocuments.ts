// Read-only documents `hpc-compose-inspect:/…` whose text is made when asked for, shown in the Markdown preview or as JSON.
import * as vscode from 'vscode';
import { endAll, type Lifetime } from '../lifetime.ts';
import { describeFailure } from '../ui/failures.ts';
import { escape } from './entryText.ts';

/** Makes the Markdown of a page. */
export type PageMaker = () => string | Promise<string>;

const SCHEME = 'hpc-compose-inspect';

export interface InspectDocuments extends Lifetime {
  /** Shows a page in the Markdown preview. `make` is asked again on every refresh; `data` gives its facts. */
  showPage(name: string, make: PageMaker, data?: () => unknown): Promise<void>;
  /** Opens the facts behind the page in front as JSON; the page shown last when none is. */
  showJson(): Promise<void>;
  /** Shows text as a read-only document. */
  showText(name: string, text: string): Promise<void>;
  /** Makes the text of all open pages again. */
  refresh(): void;
}

/** Registers the documents' provider. */
export function createInspectDocuments(): InspectDocuments {
  const changed = new vscode.EventEmitter<vscode.Uri>();
  const makers = new Map<string, PageMaker>();
  const facts = new Map<string, () => unknown>();
  const follow = followFront(facts);
  const provider = vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
    onDidChange: changed.event,
    provideTextDocumentContent: async (uri) => {
      try {
        return (await makers.get(uri.path)?.()) ?? '';
      } catch (error) {
        return `# ⚠\n\n${escape(describeFailure(error))}`;
      }
    },
  });
  const put = (name: string, make: PageMaker) => {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name.replace(/[/\\?#]/g, '-')}` });
    makers.set(uri.path, make);
    changed.fire(uri);
    return uri;
  };
  return {
    async showPage(name, make, data) {
      const uri = put(`${name}.md`, make);
      const page = uri.path.slice(1);
      facts.delete(page);
      if (data) facts.set(page, data);
      await vscode.workspace.openTextDocument(uri);
      await vscode.commands.executeCommand('markdown.showPreview', uri);
    },
    async showJson() {
      const page = pageInFront(facts) ?? [...facts.keys()].at(-1);
      if (page === undefined) return;
      const text = () => `${JSON.stringify(facts.get(page)?.(), null, 2)}\n`;
      const document = await vscode.workspace.openTextDocument(put(page.replace(/\.md$/, '.json'), text));
      await vscode.window.showTextDocument(document, { preview: true });
    },
    async showText(name, text) {
      const document = await vscode.workspace.openTextDocument(put(name, () => text));
      await vscode.window.showTextDocument(document, { preview: true });
    },
    refresh() {
      for (const path of makers.keys()) changed.fire(vscode.Uri.from({ scheme: SCHEME, path }));
    },
    dispose: () => endAll(provider, changed, follow),
  };
}

/** The page of ours that the active tab previews. */
function pageInFront(facts: ReadonlyMap<string, unknown>): string | undefined {
  const tab = vscode.window.tabGroups.activeTabGroup.activeTab;
  if (!(tab?.input instanceof vscode.TabInputWebview)) return undefined;
  return [...facts.keys()].find((page) => tab.label.endsWith(page));
}

/** Keeps the context key in step that offers "Open as JSON" over our pages. */
function followFront(facts: ReadonlyMap<string, unknown>): vscode.Disposable {
  const look = () => {
    const isOurs = pageInFront(facts) !== undefined;
    void vscode.commands.executeCommand('setContext', 'hpcCompose:pageInFront', isOurs);
  };
  const { onDidChangeTabs, onDidChangeTabGroups } = vscode.window.tabGroups;
  return vscode.Disposable.from(onDidChangeTabs(look), onDidChangeTabGroups(look));
}
