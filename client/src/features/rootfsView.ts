// The view "Node rootfs cache": what is unpacked on the machine of the server, and collections as plan, question, act. Hidden where
// nothing is configured; asks only while it is visible.
import * as vscode from 'vscode';
import type { RootfsState } from '../../../server/src/model/protocol.ts';
import type { RootfsGcPlan, RootfsGcResult } from '../../../server/src/model/rootfs.ts';
import { formatBytes } from '../../../server/src/model/units.ts';
import type { App } from '../app.ts';
import { command, requireTrust } from '../commands/register.ts';
import { endAll, type Lifetime } from '../lifetime.ts';
import { readSettings } from '../ui/settings.ts';
import {
  childrenOf,
  gaugeText,
  planPage,
  outcomeWords,
  reasonWords,
  rootfsDescription,
  rootfsIcon,
  rootfsLabel,
  rootfsNodes,
  rootfsTooltip,
  type RootfsNode,
} from './rootfsModel.ts';

const REFRESH_MS = 30_000;
/** Images that a question names. */
const NAMED = 12;
type Shown = RootfsState & { configured: true };

/** Registers the view and its commands. */
export function registerRootfs(app: App): Lifetime {
  const changed = new vscode.EventEmitter<void>();
  let state: Shown | undefined;
  let next = new Set<string>();
  const own = process.getuid?.() ?? -1;
  const view = vscode.window.createTreeView<RootfsNode>('hpcCompose.rootfs', {
    treeDataProvider: {
      onDidChangeTreeData: changed.event,
      getTreeItem: treeItem,
      getChildren: (node) => [
        ...(node ? childrenOf(node, next) : state ? rootfsNodes(state.list, own, next) : []),
      ],
    },
    showCollapseAll: true,
  });

  const refresh = async () => {
    if (!vscode.workspace.isTrusted) return;
    const answer = await app.request('hpcCompose/rootfs/list', {});
    state = answer.configured ? answer : undefined;
    void vscode.commands.executeCommand('setContext', 'hpcCompose:rootfsConfigured', answer.configured);
    const plan = state ? await app.request('hpcCompose/rootfs/gcPlan', {}) : undefined;
    next = new Set(plan?.would_evict.map(({ name }) => name));
    if (state) describe(view, state, next.size);
    changed.fire();
  };
  const refreshQuietly = () => {
    refresh().catch((error: unknown) => app.log.debug(`rootfs cache: ${String(error)}`));
  };
  const timer = setInterval(() => {
    if (view.visible && vscode.window.state.focused) refreshQuietly();
  }, REFRESH_MS);
  const announce = () => {
    void vscode.commands.executeCommand('setContext', 'hpcCompose:rootfsConfigured', isConfigured());
  };
  announce();
  // A site's plugstack file may configure it: ask once, as soon as the server runs for a spec anyway.
  let asked = false;
  const subscriptions = [
    app.documents.onDidChange(() => {
      if (asked || !app.server.isStarted()) return;
      asked = true;
      refreshQuietly();
    }),
    view.onDidChangeVisibility(({ visible }) => {
      if (visible) refreshQuietly();
    }),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (!event.affectsConfiguration('hpcCompose.rootfsCache')) return;
      announce();
      if (view.visible) refreshQuietly();
    }),
    command(app, 'rootfs.refresh', refresh),
    command(app, 'rootfs.simulateGc', () => simulate(app)),
    command(app, 'rootfs.gc', (node?: RootfsNode) => collect(app, node, refreshQuietly)),
    command(app, 'rootfs.acquire', (image?: unknown) => acquire(app, image, refreshQuietly)),
    command(app, 'rootfs.pin', (node?: RootfsNode) => pin(app, node, true, refreshQuietly)),
    command(app, 'rootfs.unpin', (node?: RootfsNode) => pin(app, node, false, refreshQuietly)),
  ];
  return { dispose: () => endAll(view, changed, { dispose: () => clearInterval(timer) }, ...subscriptions) };
}

/** Known without asking the server; a plugstack file makes it configured at the first refresh. */
function isConfigured(): boolean {
  return Boolean(vscode.workspace.getConfiguration('hpcCompose.rootfsCache').get<string>('base'));
}

function treeItem(node: RootfsNode): vscode.TreeItem {
  if (node.type === 'user') {
    const label = node.own ? vscode.l10n.t('{0} (you)', node.uid) : String(node.uid);
    const item = new vscode.TreeItem(label, vscode.TreeItemCollapsibleState.Expanded);
    item.iconPath = new vscode.ThemeIcon('account');
    item.contextValue = 'user';
    return item;
  }
  const { entry, next } = node;
  const item = new vscode.TreeItem(rootfsLabel(entry));
  item.description = rootfsDescription(entry, next, Date.now() / 1000, readSettings().units);
  item.iconPath = new vscode.ThemeIcon(rootfsIcon(entry, next));
  item.tooltip = rootfsTooltip(entry, next, Date.now() / 1000, readSettings().units);
  item.contextValue = `rootfs.${entry.state}${entry.pinned ? '.pinned' : ''}`;
  item.accessibilityInformation = { label: `${rootfsLabel(entry)}, ${item.description}` };
  return item;
}

function describe(view: vscode.TreeView<RootfsNode>, state: Shown, wouldEvict: number): void {
  const { units } = readSettings();
  view.description = state.host;
  const banner = state.on_compute_node
    ? []
    : [vscode.l10n.t('This is {0}: caches of compute nodes are seen from an allocation there.', state.host)];
  const isRead = vscode.workspace.getConfiguration('editor').get('accessibilitySupport') === 'on';
  view.message = [gaugeText(state.list, wouldEvict, units, !isRead), ...state.problems, ...banner].join(
    ' · ',
  );
}

async function simulate(app: App): Promise<RootfsGcPlan | undefined> {
  if (!(await requireTrust())) return undefined;
  const plan = await app.request('hpcCompose/rootfs/gcPlan', {});
  const page = planPage(plan, readSettings().units, Date.now() / 1000);
  await app.pages.showPage(
    'rootfs-collection',
    () => page,
    () => plan,
  );
  return plan;
}

/** Of one entry when a node is given, else as the limits ask. Nothing goes before the question is answered. */
async function collect(
  app: App,
  node: RootfsNode | undefined,
  refresh: () => void,
): Promise<RootfsGcResult | undefined> {
  if (!(await requireTrust())) return undefined;
  const names = node?.type === 'rootfs' ? { names: [node.entry.name] } : {};
  const plan = await app.request('hpcCompose/rootfs/gcPlan', names);
  const { units } = readSettings();
  if (plan.would_evict.length === 0) {
    const isUsed = node?.type === 'rootfs' && plan.in_use.length > 0;
    const words = isUsed ? vscode.l10n.t('The image is in use: it stays.') : reasonWords(plan);
    void vscode.window.showInformationMessage(words);
    return undefined;
  }
  const question = vscode.l10n.t(
    'Remove {0} unpacked images ({1})?',
    plan.would_evict.length,
    formatBytes(plan.bytes, units),
  );
  const detail = [
    ...plan.would_evict.slice(0, NAMED).map(({ image, name }) => image ?? name),
    ...(plan.would_evict.length > NAMED
      ? [vscode.l10n.t('… and {0} more', plan.would_evict.length - NAMED)]
      : []),
    '',
    vscode.l10n.t('They are unpacked again when a job needs them.'),
  ].join('\n');
  const button = vscode.l10n.t('Remove');
  const answer = await vscode.window.showWarningMessage(question, { modal: true, detail }, button);
  if (answer !== button) return undefined;
  const result = await app.operations.run(vscode.l10n.t('Collecting'), (token) =>
    app.request('hpcCompose/rootfs/gc', { plan }, token),
  );
  refresh();
  if (result) tell(result);
  return result;
}

function tell(result: RootfsGcResult): void {
  const freed = formatBytes(result.bytes_freed, readSettings().units);
  const failed = result.failed.map(({ name, message }) => `${name}: ${message}`);
  const words = vscode.l10n.t('{0} removed, {1} freed.', result.evicted.length, freed);
  if (failed.length > 0) void vscode.window.showWarningMessage([words, ...failed].join(' '));
  else void vscode.window.showInformationMessage(`${words} ${outcomeWords(result.reason)}`);
}

async function acquire(app: App, given: unknown, refresh: () => void): Promise<unknown> {
  if (!(await requireTrust())) return undefined;
  const prompt = vscode.l10n.t(
    'Image to unpack: a squashfs file or a reference such as docker://ubuntu:24.04',
  );
  const image = typeof given === 'string' ? given : await vscode.window.showInputBox({ prompt });
  if (!image) return undefined;
  const title = vscode.l10n.t('Unpacking {0}', image);
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  const result = await vscode.window.withProgress(options, (_progress, token) =>
    app.request('hpcCompose/rootfs/acquire', { image }, token),
  );
  refresh();
  return result;
}

async function pin(
  app: App,
  node: RootfsNode | undefined,
  pinned: boolean,
  refresh: () => void,
): Promise<void> {
  if (node?.type !== 'rootfs') return;
  await app.request('hpcCompose/rootfs/pin', { names: [node.entry.name], pinned });
  refresh();
}
