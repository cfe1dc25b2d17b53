// How the cache view is ordered: refresh, filter, group, sort, load more.
import * as vscode from 'vscode';
import type { App } from '../app.ts';
import { parseSize } from '../../../server/src/model/units.ts';
import { readSettings } from '../ui/settings.ts';
import type { MoreNode } from '../views/cacheModel.ts';
import { command, requireTrust } from './register.ts';

const GROUPINGS = {
  kind: 'Kind of image',
  service: 'Service',
  repository: 'Repository',
  age: 'Last use',
  status: 'Status',
} as const;
const SORTINGS = {
  lastUsed: 'Last used first',
  size: 'Largest first',
  created: 'Newest first',
  name: 'Name',
} as const;

/** Registers the commands of the view's title bar. */
export function registerOrder(app: App): vscode.Disposable {
  return vscode.Disposable.from(
    command(app, 'cache.refresh', async () => {
      if (await requireTrust()) await app.states.refresh();
    }),
    command(app, 'cache.filter', async () => {
      const title = vscode.l10n.t('Filter cache entries');
      const prompt = vscode.l10n.t('Part of an image name, service, path or key');
      const text = await vscode.window.showInputBox({ title, prompt, value: app.view.filter() });
      if (text !== undefined) app.view.setFilter(text.trim());
    }),
    command(app, 'cache.clearFilter', () => app.view.setFilter('')),
    command(app, 'cache.groupBy', () => choose('cache.groupBy', GROUPINGS, readSettings().groupBy)),
    command(app, 'cache.sortBy', () => choose('cache.sortBy', SORTINGS, readSettings().sortBy)),
    command(app, 'cache.setBudget', setBudget),
    command(app, 'cache.loadMore', (node: MoreNode) => app.view.loadMore(node.group)),
  );
}

/** Asks for the size that the cache should keep to; nothing is removed for it. */
async function setBudget(): Promise<void> {
  const section = vscode.workspace.getConfiguration('hpcCompose');
  const text = await vscode.window.showInputBox({
    title: vscode.l10n.t('Budget of the cache'),
    prompt: vscode.l10n.t('For example 50 GB. Empty: none. Nothing is removed before you prune and confirm.'),
    value: section.get<string>('cache.budget') ?? '',
    validateInput: (typed) =>
      typed.trim() === '' || parseSize(typed) !== undefined
        ? undefined
        : vscode.l10n.t('Write a number and a unit, for example 50 GB or 1.5 TiB.'),
  });
  if (text !== undefined)
    await section.update('cache.budget', text.trim(), vscode.ConfigurationTarget.Global);
}

async function choose(
  setting: string,
  words: Readonly<Record<string, string>>,
  current: string,
): Promise<void> {
  const items = Object.entries(words).map(([value, label]) => ({
    label,
    value,
    description: value === current ? vscode.l10n.t('current') : '',
  }));
  const picked = await vscode.window.showQuickPick(items);
  if (!picked) return;
  const section = vscode.workspace.getConfiguration('hpcCompose');
  await section.update(setting, picked.value, vscode.ConfigurationTarget.Global);
}
