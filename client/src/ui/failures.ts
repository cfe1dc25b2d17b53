// One way to tell people that something failed: what happened, what to do next, and the log with the details.
import * as vscode from 'vscode';
import { RequestFailure } from '../cacheClient.ts';

/** Shows a failure; cancellation shows nothing, a bug one plain message (its stack is in the log). */
export async function showFailure(log: vscode.LogOutputChannel, error: unknown): Promise<void> {
  if (error instanceof vscode.CancellationError) return;
  if (error instanceof RequestFailure) log.error(`${error.code}: ${error.message} ${error.hint}`);
  else log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  const button = buttonFor(error);
  const chosen = await vscode.window.showErrorMessage(describeFailure(error), button.title);
  if (chosen === button.title) await vscode.commands.executeCommand(button.command);
}

interface Button {
  readonly title: string;
  readonly command: string;
}

/** Where the next step is. */
function buttonFor(error: unknown): Button {
  const code = error instanceof RequestFailure ? error.code : undefined;
  switch (code) {
    case 'untrusted':
      return { title: vscode.l10n.t('Manage Trust'), command: 'workbench.trust.manage' };
    case 'spec-invalid':
    case 'spec-surroundings':
      return { title: vscode.l10n.t('Show Problems'), command: 'workbench.actions.view.problems' };
    case 'not-a-cache':
    case 'cache-missing':
      return { title: vscode.l10n.t('Why This Cache Directory?'), command: 'hpcCompose.explainCacheDir' };
    default:
      return { title: vscode.l10n.t('Show Output'), command: 'hpcCompose.showOutput' };
  }
}

/** One message for a failure: what happened and what to do next. */
export function describeFailure(error: unknown): string {
  if (error instanceof RequestFailure) return `${sentence(error.message)} ${error.hint}`.trim();
  const cause = error instanceof Error ? error.message : String(error);
  return vscode.l10n.t('HPC Compose met a problem of its own: {0}', cause);
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
