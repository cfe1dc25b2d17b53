// The view "Rendezvous": which services of running jobs can be reached. Hidden until a record exists; read when a cache was read, never on
// a timer of its own.
import * as vscode from 'vscode';
import type { RendezvousState } from '../../../server/src/model/rendezvous.ts';
import type { App } from '../app.ts';
import { command, requireTrust } from '../commands/register.ts';
import { endAll, type Lifetime } from '../lifetime.ts';
import { count } from '../views/pages.ts';
import {
  rendezvousDescription,
  rendezvousExports,
  rendezvousNodes,
  rendezvousSpoken,
  rendezvousTooltip,
  tunnelCommand,
  type RendezvousNode,
} from './rendezvousModel.ts';

/** Registers the view and its commands. */
export function registerRendezvous(app: App): Lifetime {
  const changed = new vscode.EventEmitter<void>();
  let states: readonly RendezvousState[] = [];
  const now = () => Date.now() / 1000;
  const view = vscode.window.createTreeView<RendezvousNode>('hpcCompose.rendezvous', {
    treeDataProvider: {
      onDidChangeTreeData: changed.event,
      getTreeItem: (node) => treeItem(node, now()),
      getChildren: (node) => (node ? [] : rendezvousNodes(states)),
      resolveTreeItem: (item, node) => {
        item.tooltip = new vscode.MarkdownString(rendezvousTooltip(node, now()), true);
        return item;
      },
    },
  });
  const refresh = async () => {
    const directories = vscode.workspace.isTrusted ? app.states.directories() : [];
    states = await Promise.all(
      directories.map((cacheDir) => app.request('hpcCompose/rendezvous/list', { cacheDir })),
    );
    const hasSome = states.some(({ entries }) => entries.length > 0);
    void vscode.commands.executeCommand('setContext', 'hpcCompose:hasRendezvous', hasSome);
    changed.fire();
  };
  const refreshQuietly = () => {
    if (app.server.isStarted())
      refresh().catch((error: unknown) => app.log.debug(`rendezvous: ${String(error)}`));
  };
  const pick = (node: RendezvousNode | undefined) => pickRecord(node ?? view.selection[0], states);
  const copy = (name: string, text: (node: RendezvousNode) => string | undefined | Promise<string>) =>
    command(app, `rendezvous.${name}`, async (node?: RendezvousNode) => {
      const picked = await pick(node);
      const copied = picked && (await text(picked));
      if (copied === undefined) return undefined;
      await vscode.env.clipboard.writeText(copied);
      vscode.window.setStatusBarMessage(vscode.l10n.t('Copied'), 2000);
      return copied;
    });
  const subscriptions = [
    app.states.onDidChange(refreshQuietly),
    command(app, 'rendezvous.refresh', async () => {
      if (await requireTrust()) await app.states.refresh().then(refresh);
    }),
    copy('copyUrl', ({ entry }) => entry.record?.url),
    copy('copyEnv', ({ entry }) => (entry.record ? rendezvousExports(entry.record) : undefined)),
    copy('copyTunnel', async ({ entry }) =>
      entry.record ? tunnelCommand(entry.record, await loginOf(app)) : '',
    ),
    command(app, 'rendezvous.prune', async () => {
      if (await requireTrust()) await prune(app, states).then(refresh);
    }),
  ];
  return { dispose: () => endAll(view, changed, ...subscriptions) };
}

const ICONS = {
  live: 'radio-tower',
  expired: 'circle-slash',
  elsewhere: 'question',
  damaged: 'warning',
} as const;

function treeItem(node: RendezvousNode, now: number): vscode.TreeItem {
  const { entry } = node;
  const item = new vscode.TreeItem(entry.name);
  item.id = node.id;
  item.description = rendezvousDescription(node, now);
  item.iconPath = new vscode.ThemeIcon(
    ICONS[entry.state],
    entry.state === 'live' ? undefined : new vscode.ThemeColor('disabledForeground'),
  );
  item.accessibilityInformation = { label: rendezvousSpoken(node, now) };
  item.contextValue = entry.record ? 'record' : 'damaged';
  return item;
}

/** The clicked or selected record, else one that people pick. */
async function pickRecord(
  node: RendezvousNode | undefined,
  states: readonly RendezvousState[],
): Promise<RendezvousNode | undefined> {
  if (node) return node;
  const now = Date.now() / 1000;
  const items = rendezvousNodes(states)
    .filter(({ entry }) => entry.record)
    .map((one) => ({ label: one.entry.name, description: rendezvousDescription(one, now), one }));
  const title = vscode.l10n.t('Which record?');
  return (await vscode.window.showQuickPick(items, { title }))?.one;
}

/** `user@host` of the setup, else words to replace. */
async function loginOf(app: App): Promise<string> {
  const uri = app.documents.current();
  const setup = await app
    .request('hpcCompose/setup/read', uri ? { uri: uri.toString() } : {})
    .catch(() => undefined);
  const host = setup?.login_host ?? 'LOGIN-NODE';
  return setup?.login_user ? `${setup.login_user}@${host}` : host;
}

/** Asks before records of ended jobs go; files that cannot be read go with them. */
async function prune(app: App, states: readonly RendezvousState[]): Promise<void> {
  const gone = states.flatMap(({ entries }) =>
    entries.filter(({ state }) => state === 'expired' || state === 'damaged'),
  );
  if (gone.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t('No record has expired.'));
    return;
  }
  const records = count(gone.length, 'record', 'records');
  const button = vscode.l10n.t('Remove {0}', records);
  const detail = gone.map(({ file }) => file).join('\n');
  const question = vscode.l10n.t('Remove {0} that expired or cannot be read?', records);
  const answer = await vscode.window.showWarningMessage(question, { modal: true, detail }, button);
  if (answer !== button) return;
  for (const { cache_dir: cacheDir } of states) {
    const { failed } = await app.request('hpcCompose/rendezvous/prune', { cacheDir, damaged: true });
    for (const { path, code } of failed) app.log.warn(`${path}: ${code}`);
  }
}
