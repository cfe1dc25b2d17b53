// What a document is: judged as a spec because people say so, or renamed so that Docker's tools leave it alone.
import * as vscode from 'vscode';
import type { App } from '../app.ts';
import { command } from './register.ts';
import { targetSpec } from './target.ts';

const SPEC_NAME = 'hpc-compose.yaml';

/** Registers the commands. */
export function registerDocuments(app: App): vscode.Disposable {
  return vscode.Disposable.from(
    command(app, 'treatAsHpcCompose', () => treatAsSpec(app)),
    command(app, 'renameToHpc', (argument: unknown) => rename(app, argument)),
  );
}

/** Until the document closes, as a file that says by its keys what it is. */
async function treatAsSpec(app: App): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (!document || !/^(yaml|dockercompose)$/.test(document.languageId)) {
    void vscode.window.showInformationMessage(vscode.l10n.t('Open a YAML file first.'));
    return;
  }
  await app.server.client();
  app.documents.treatAsSpec(document);
  await app.request('hpcCompose/treatAsSpec', { uri: document.uri.toString() });
}

async function rename(app: App, argument: unknown): Promise<void> {
  const uri = await targetSpec(app, argument);
  if (uri?.scheme !== 'file') return;
  const target = vscode.Uri.joinPath(uri, '..', SPEC_NAME);
  if (target.toString() === uri.toString()) return;
  const isTaken = await vscode.workspace.fs.stat(target).then(
    () => true,
    () => false,
  );
  if (isTaken) {
    void vscode.window.showWarningMessage(vscode.l10n.t('{0} is there already.', target.fsPath));
    return;
  }
  const before = uri.path.slice(uri.path.lastIndexOf('/') + 1);
  const edit = new vscode.WorkspaceEdit();
  edit.renameFile(uri, target);
  if (await vscode.workspace.applyEdit(edit)) await followRename(app, target, before);
}

/** The settings file names the spec of its folder: it follows the rename. */
async function followRename(app: App, target: vscode.Uri, before: string): Promise<void> {
  if (!vscode.workspace.isTrusted) return;
  const where = { uri: target.toString() };
  const { compose_file, exists } = await app.request('hpcCompose/setup/read', where);
  if (!exists || !compose_file?.endsWith(before)) return;
  const compose = `${compose_file.slice(0, -before.length)}${SPEC_NAME}`;
  await app.request('hpcCompose/setup/write', { ...where, change: { compose_file: compose } });
}
