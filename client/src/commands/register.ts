// Registers a command so that every failure is told to people once, in one form.
import * as vscode from 'vscode';
import type { App } from '../app.ts';
import { showFailure } from '../ui/failures.ts';

/** Registers `hpcCompose.<name>`. What `act` returns is the command's result; what it throws is shown, not rethrown. */
export function command(app: App, name: string, act: (...args: never[]) => unknown): vscode.Disposable {
  return vscode.commands.registerCommand(`hpcCompose.${name}`, async (...args: never[]) => {
    try {
      return await act(...args);
    } catch (error) {
      void showFailure(app.log, error);
      return undefined;
    }
  });
}

/** True in a trusted workspace; otherwise says why nothing happens and offers to change it. */
export async function requireTrust(): Promise<boolean> {
  if (vscode.workspace.isTrusted) return true;
  const manage = vscode.l10n.t('Manage Trust');
  const words = vscode.l10n.t(
    'In Restricted Mode the cache is neither read nor changed, and nothing is started.',
  );
  if ((await vscode.window.showWarningMessage(words, manage)) === manage)
    await vscode.commands.executeCommand('workbench.trust.manage');
  return false;
}
