// The only status bar item: what runs, else the size of the cache, and only while a spec is the active document.
import * as vscode from 'vscode';
import { formatBytes } from '../../../server/src/model/units.ts';
import type { CacheStates } from '../cacheStates.ts';
import type { Operations } from '../operation.ts';
import type { SpecDocuments } from '../specDocuments.ts';
import { readSettings } from './settings.ts';

/** Shows and hides the item as documents, caches and operations change. */
export function showStatusBar(
  documents: SpecDocuments,
  states: CacheStates,
  operations: Operations,
): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('hpcCompose.cache', vscode.StatusBarAlignment.Left, 10);
  item.name = vscode.l10n.t('HPC Compose Cache');
  const draw = () => {
    const active = vscode.window.activeTextEditor?.document;
    const running = operations.running();
    const wanted = running !== undefined || (active !== undefined && documents.isSpec(active));
    if (!wanted || readSettings().statusBar === 'off' || !vscode.workspace.isTrusted) {
      item.hide();
      return;
    }
    if (running === undefined) drawSize(item, states);
    else drawRunning(item, running);
    item.show();
  };
  draw();
  return vscode.Disposable.from(
    item,
    documents.onDidChange(draw),
    states.onDidChange(draw),
    operations.onDidChange(draw),
    vscode.workspace.onDidChangeConfiguration(draw),
  );
}

function drawRunning(item: vscode.StatusBarItem, title: string): void {
  item.text = `$(sync~spin) ${title}`;
  item.tooltip = vscode.l10n.t('{0}. Click to cancel.', title);
  item.accessibilityInformation = { label: vscode.l10n.t('{0}, activate to cancel', title), role: 'button' };
  item.command = 'hpcCompose.cancelOperation';
}

function drawSize(item: vscode.StatusBarItem, states: CacheStates): void {
  const { units, budgetBytes } = readSettings();
  item.command = 'hpcCompose.cache.focus';
  if (states.directories().length === 0) {
    item.text = `$(database) ${vscode.l10n.t('Cache')}`;
    item.tooltip = vscode.l10n.t('HPC Compose: the cache is not known yet. Click for the reason.');
    item.accessibilityInformation = {
      label: vscode.l10n.t('HPC Compose cache, not known yet'),
      role: 'button',
    };
    return;
  }
  const bytes = states.all().reduce((sum, state) => sum + state.totals.bytes, 0);
  const size = formatBytes(bytes, units);
  const text = budgetBytes === undefined ? size : `${size} of ${formatBytes(budgetBytes, units)}`;
  const over = budgetBytes !== undefined && bytes > budgetBytes;
  item.text = `${over ? '$(warning)' : '$(database)'} ${text}`;
  item.tooltip = vscode.l10n.t('HPC Compose: images in the cache. Click to see them.');
  item.accessibilityInformation = { label: vscode.l10n.t('HPC Compose cache, {0}', text), role: 'button' };
}
