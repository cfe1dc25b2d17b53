// The cache tree view: draws the known states, asks for them again when it becomes visible, never polls while hidden.
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { endAll, type Lifetime } from '../lifetime.ts';
import type { CacheState } from '../../../server/src/model/cache.ts';
import { formatBytes } from '../../../server/src/model/units.ts';
import type { CacheStates } from '../cacheStates.ts';
import { readSettings } from '../ui/settings.ts';
import { cacheItem } from './cacheItems.ts';
import { type CacheNode, type EntryNode, PAGE, treeNodes, type TreeOptions } from './cacheModel.ts';
import { entryProblem, entryTooltip, shortPath } from './entryText.ts';

export interface CacheView extends Lifetime {
  /** Entries selected in the tree. */
  selection(): readonly EntryNode[];
  filter(): string;
  setFilter(text: string): void;
  loadMore(group: string): void;
  redraw(): void;
}

/** Shows the view. The server is asked only once the view is visible. */
export function createCacheView(states: CacheStates): CacheView {
  const changed = new vscode.EventEmitter<void>();
  const shown = new Map<string, number>();
  let filter = '';
  const now = () => Date.now() / 1000;
  const provider: vscode.TreeDataProvider<CacheNode> = {
    onDidChangeTreeData: changed.event,
    getTreeItem: (node) => cacheItem(node, now(), readSettings().units),
    getChildren: (node) => [
      ...(node ? childrenOf(node) : treeNodes(states.all(), treeOptions(filter, shown))),
    ],
    resolveTreeItem: (item, node) => {
      if (node.type !== 'entry') return item;
      const tooltip = new vscode.MarkdownString(entryTooltip(node.entry, now(), readSettings().units), true);
      item.tooltip = tooltip;
      return item;
    },
  };
  const view = vscode.window.createTreeView('hpcCompose.cache', {
    treeDataProvider: provider,
    canSelectMany: true,
    showCollapseAll: true,
  });
  const redraw = () => {
    describe(view, states, filter);
    changed.fire();
  };
  const timer = refreshWhileSeen(view, states);
  const subscriptions = [
    states.onDidChange(redraw),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('hpcCompose')) redraw();
    }),
  ];
  describe(view, states, filter);
  return {
    selection: () => view.selection.filter((node) => node.type === 'entry'),
    filter: () => filter,
    setFilter(text) {
      filter = text;
      void vscode.commands.executeCommand('setContext', 'hpcCompose:cacheFiltered', text !== '');
      redraw();
    },
    loadMore(group) {
      shown.set(group, (shown.get(group) ?? PAGE) + PAGE);
      changed.fire();
    },
    redraw,
    dispose: () => endAll(view, changed, timer, ...subscriptions),
  };
}

function childrenOf(node: CacheNode): readonly CacheNode[] {
  return 'children' in node ? node.children : [];
}

/** Title line, badge and which welcome text applies. A message line would hide the welcome text, so the path moves up then. */
function describe(view: vscode.TreeView<CacheNode>, states: CacheStates, filter: string): void {
  const all = states.all();
  const { units, budgetBytes } = readSettings();
  const bytes = all.reduce((sum, state) => sum + state.totals.bytes, 0);
  const size = formatBytes(bytes, units);
  const filled = budgetBytes === undefined ? size : `${size} of ${formatBytes(budgetBytes, units)}`;
  const directories = states.directories().map((directory) => shortPath(directory, homedir()));
  view.description = all.length > 0 ? filled : directories.join(', ');
  const hidesAll = all.length > 0 && treeNodes(all, treeOptions(filter)).length === 0;
  view.message = all.length > 0 && !hidesAll ? messageOf(all, filter) : '';
  view.badge = badge(states, budgetBytes, bytes);
  const reason = hidesAll ? 'filtered' : states.emptyReason();
  void vscode.commands.executeCommand('setContext', 'hpcCompose:cacheState', reason);
}

function messageOf(all: readonly CacheState[], filter: string): string {
  const { units, budgetBytes } = readSettings();
  const only = all.length === 1 ? all[0] : undefined;
  const bytes = all.reduce((sum, state) => sum + state.totals.bytes, 0);
  const free = only?.free_bytes;
  const parts = [
    only && shortPath(only.cache_dir, homedir()),
    budgetBytes ? vscode.l10n.t('{0} % of budget', Math.round((100 * bytes) / budgetBytes)) : undefined,
    typeof free === 'number' ? vscode.l10n.t('{0} free', formatBytes(free, units)) : undefined,
    filter ? vscode.l10n.t('filter: {0}', filter) : undefined,
  ];
  return parts.filter((part) => part !== undefined).join(' · ');
}

function treeOptions(filter: string, shown: ReadonlyMap<string, number> = new Map()): TreeOptions {
  return { ...readSettings(), filter, now: Date.now() / 1000, shown };
}

function badge(states: CacheStates, budget: number | undefined, bytes: number): vscode.ViewBadge | undefined {
  const broken = states.all().reduce((sum, state) => {
    const damaged = state.entries.filter((entry) => entryProblem(entry) !== '').length;
    return sum + Math.max(damaged, state.problems.length);
  }, 0);
  const value = broken + (budget !== undefined && bytes > budget ? 1 : 0);
  if (value === 0) return undefined;
  return { value, tooltip: vscode.l10n.t('{0} problems in the cache', value) };
}

/** Looks again when the view becomes visible, and at an interval only while it is visible and the window has the focus. */
function refreshWhileSeen(view: vscode.TreeView<CacheNode>, states: CacheStates): vscode.Disposable {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const seen = () => view.visible && vscode.window.state.focused;
  const plan = () => {
    clearTimeout(timer);
    const seconds = readSettings().refreshSeconds;
    if (seconds === 0 || !seen()) return;
    timer = setTimeout(() => void states.refresh().then(plan), seconds * 1000);
  };
  const look = () => {
    if (view.visible) void states.refresh();
    plan();
  };
  const subscriptions = [view.onDidChangeVisibility(look), vscode.window.onDidChangeWindowState(plan)];
  if (view.visible) look();
  return vscode.Disposable.from(...subscriptions, { dispose: () => clearTimeout(timer) });
}
