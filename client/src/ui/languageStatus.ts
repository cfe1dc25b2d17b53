// The entry of the language status menu for specs: server, profile, trust, cache directory. Details live here, not in more status bar items.
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import type { App } from '../app.ts';
import { shortPath } from '../views/entryText.ts';

/** Shows the item for specs alone, and keeps its words in step. */
export function showLanguageStatus({ documents, states, server }: App): vscode.Disposable {
  const item = vscode.languages.createLanguageStatusItem('hpcCompose.status', []);
  item.name = 'HPC Compose';
  const draw = () => {
    const uri = documents.current();
    const open = vscode.workspace.textDocuments.filter((document) => documents.isSpec(document));
    item.selector = open.map((document) => ({ scheme: document.uri.scheme, pattern: document.uri.fsPath }));
    const profile = vscode.workspace.getConfiguration('hpcCompose', uri).get<string>('profile') ?? '';
    const [directory] = states.directories();
    const isRunning = server.isStarted();
    item.text = isRunning ? 'HPC Compose' : vscode.l10n.t('HPC Compose: not running');
    item.severity = isRunning
      ? vscode.LanguageStatusSeverity.Information
      : vscode.LanguageStatusSeverity.Warning;
    item.detail = [
      vscode.workspace.isTrusted ? '' : vscode.l10n.t('Restricted Mode'),
      profile === '' ? '' : vscode.l10n.t('profile {0}', profile),
      directory === undefined ? '' : vscode.l10n.t('cache {0}', shortPath(directory, homedir())),
    ]
      .filter(Boolean)
      .join(' · ');
    item.command = isRunning
      ? { title: vscode.l10n.t('Why This Cache Directory?'), command: 'hpcCompose.explainCacheDir' }
      : { title: vscode.l10n.t('Restart Server'), command: 'hpcCompose.restartServer' };
  };
  draw();
  return vscode.Disposable.from(
    item,
    documents.onDidChange(draw),
    states.onDidChange(draw),
    vscode.workspace.onDidChangeConfiguration(draw),
    vscode.workspace.onDidGrantWorkspaceTrust(draw),
  );
}
