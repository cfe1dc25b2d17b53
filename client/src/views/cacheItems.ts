// Tree items for the nodes of the cache view: icon, words, what a screen reader says, which actions apply.
import * as vscode from 'vscode';
import type { Units } from '../../../server/src/model/units.ts';
import type { CacheNode, EntryNode, MoreNode, ProblemNode } from './cacheModel.ts';
import { entryDescription, entryProblem, entrySpoken, GROUPS, groupOf, shortLabel } from './entryText.ts';

/** The item of a node. Tooltips of entries are filled in when asked for. */
export function cacheItem(node: CacheNode, now: number, units: Units): vscode.TreeItem {
  switch (node.type) {
    case 'entry':
      return entryItem(node, now, units);
    case 'problem':
      return problemItem(node);
    case 'more':
      return moreItem(node);
    case 'cache':
    case 'group': {
      const item = new vscode.TreeItem(node.title, vscode.TreeItemCollapsibleState.Expanded);
      item.id = node.id;
      item.description = node.description;
      item.iconPath = new vscode.ThemeIcon(node.icon);
      item.contextValue = node.type;
      return item;
    }
  }
}

function entryItem(node: EntryNode, now: number, units: Units): vscode.TreeItem {
  const { entry } = node;
  const item = new vscode.TreeItem(shortLabel(entry), vscode.TreeItemCollapsibleState.None);
  item.id = node.id;
  item.description = entryDescription(entry, now, units);
  item.iconPath = entryIcon(node);
  item.accessibilityInformation = { label: entrySpoken(entry, now, units) };
  const marks = [
    'entry',
    entry.kind,
    ...(entry.pinned ? ['pinned'] : []),
    ...(entry.state === 'orphan' ? [] : ['manifest']),
  ];
  item.contextValue = marks.join(' ');
  return item;
}

function entryIcon({ entry }: EntryNode): vscode.ThemeIcon {
  if (entryProblem(entry))
    return new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'));
  return new vscode.ThemeIcon(entry.pinned ? 'pinned' : GROUPS[groupOf(entry)].icon);
}

function problemItem(node: ProblemNode): vscode.TreeItem {
  const item = new vscode.TreeItem(node.path.slice(node.path.lastIndexOf('/') + 1));
  item.id = node.id;
  item.description = node.problem;
  item.tooltip = `${node.path}\n${node.problem}`;
  item.iconPath = new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'));
  item.accessibilityInformation = { label: `${node.path}: ${node.problem}` };
  item.contextValue = 'problem';
  return item;
}

function moreItem(node: MoreNode): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.l10n.t('Load more… ({0} hidden)', node.hidden));
  item.id = node.id;
  item.command = {
    command: 'hpcCompose.cache.loadMore',
    title: vscode.l10n.t('Load More'),
    arguments: [node],
  };
  return item;
}
