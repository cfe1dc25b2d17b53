// Read-only documents `hpc-compose-inspect:/…` whose text is made when asked for, shown in the Markdown preview or as JSON.
import * as vscode from 'vscode';
import { endAll, type Lifetime } from '../lifetime.ts';
import { describeFailure } from '../ui/failures.ts';
import { escape } from './entryText.ts';

/** Makes the Markdown of a page. */
export type PageMaker = () => string | Promise<string>;

const SCHEME = 'hpc-compose-inspect';

export interface InspectDocuments extends Lifetime {
  /** Shows a page in the Markdown preview. `make` is asked again on every refresh. */
  showPage(name: string, make: PageMaker): Promise<void>;
  /** Shows text as a read-only document. */
  showText(name: string, text: string): Promise<void>;
  /** Makes the text of all open pages again. */
  refresh(): void;
}

/** Registers the documents' provider. */
export function createInspectDocuments(): InspectDocuments {
  const changed = new vscode.EventEmitter<vscode.Uri>();
  const makers = new Map<string, PageMaker>();
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
    async showPage(name, make) {
      const uri = put(`${name}.md`, make);
      await vscode.workspace.openTextDocument(uri);
      await vscode.commands.executeCommand('markdown.showPreview', uri);
    },
    async showText(name, text) {
      const document = await vscode.workspace.openTextDocument(put(name, () => text));
      await vscode.window.showTextDocument(document, { preview: true });
    },
    refresh() {
      for (const path of makers.keys()) changed.fire(vscode.Uri.from({ scheme: SCHEME, path }));
    },
    dispose: () => endAll(provider, changed),
  };
}
