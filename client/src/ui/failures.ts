// One way to tell people that something failed: what happened, what to do next, and the log with the details.
import * as vscode from 'vscode';
import { RequestFailure } from '../cacheClient.ts';

/** Shows a failure; cancellation shows nothing, a bug one plain message (its stack is in the log). */
export async function showFailure(log: vscode.LogOutputChannel, error: unknown): Promise<void> {
  if (error instanceof vscode.CancellationError) return;
  if (error instanceof RequestFailure) log.error(`${error.code}: ${error.message} ${error.hint}`);
  else log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  const open = vscode.l10n.t('Show Output');
  const trust = vscode.l10n.t('Manage Trust');
  const needsTrust = error instanceof RequestFailure && error.code === 'untrusted';
  const buttons = needsTrust ? [trust] : [open];
  const chosen = await vscode.window.showErrorMessage(describeFailure(error), ...buttons);
  if (chosen === open) log.show();
  if (chosen === trust) await vscode.commands.executeCommand('workbench.trust.manage');
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
