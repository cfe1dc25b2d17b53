// Small acts on one cache entry: show where it lies, copy its path or key, open its manifest.
import * as vscode from 'vscode';
import type { App } from '../app.ts';
import type { EntryNode, ProblemNode } from '../views/cacheModel.ts';
import { entryLabel } from '../views/entryText.ts';
import { pickEntries, pickEntry } from './entryPick.ts';
import { command, requireTrust } from './register.ts';

/** Registers the acts on single entries. */
export function registerEntries(app: App): vscode.Disposable {
  const pick = (node: EntryNode | undefined) => pickEntry(app, node, vscode.l10n.t('Which entry?'));
  const copy = (text: string | undefined) =>
    text === undefined ? undefined : vscode.env.clipboard.writeText(text);
  return vscode.Disposable.from(
    command(app, 'cache.copyPath', async (node?: EntryNode | ProblemNode) =>
      copy(node?.type === 'problem' ? node.path : (await pick(node))?.entry.artifact_path),
    ),
    command(app, 'cache.copyKey', async (node?: EntryNode) => copy((await pick(node))?.entry.cache_key)),
    command(app, 'cache.pin', (node?: EntryNode, nodes?: readonly EntryNode[]) =>
      changePin(app, node, nodes, true),
    ),
    command(app, 'cache.unpin', (node?: EntryNode, nodes?: readonly EntryNode[]) =>
      changePin(app, node, nodes, false),
    ),
    command(app, 'cache.verify', (node?: EntryNode, nodes?: readonly EntryNode[]) =>
      verify(app, node, nodes),
    ),
    command(app, 'cache.reveal', async (node?: EntryNode) => {
      const picked = await pick(node);
      if (picked) await reveal(vscode.Uri.file(picked.entry.artifact_path));
    }),
    command(app, 'cache.openManifest', async (node?: EntryNode) => {
      const picked = await pick(node);
      if (!picked) return;
      const manifest = await vscode.workspace.openTextDocument(`${picked.entry.artifact_path}.json`);
      await vscode.window.showTextDocument(manifest, { preview: true });
    }),
  );
}

/** Pinned entries stay whatever a prune is asked for. */
async function changePin(
  app: App,
  node: EntryNode | undefined,
  nodes: readonly EntryNode[] | undefined,
  pinned: boolean,
): Promise<void> {
  if (!(await requireTrust())) return;
  const title = pinned ? vscode.l10n.t('Pin which entries?') : vscode.l10n.t('Unpin which entries?');
  const picked = await pickEntries(app, node, nodes, title);
  for (const cacheDir of new Set(picked.map((one) => one.cacheDir))) {
    const paths = picked.filter((one) => one.cacheDir === cacheDir).map((one) => one.entry.artifact_path);
    await app.request('hpcCompose/cache/pin', { cacheDir, paths, pinned });
  }
}

/** Checks manifest, header and size of entries, and says what is wrong; changes nothing. */
async function verify(
  app: App,
  node: EntryNode | undefined,
  nodes: readonly EntryNode[] | undefined,
): Promise<void> {
  if (!(await requireTrust())) return;
  const picked = await pickEntries(app, node, nodes, vscode.l10n.t('Verify which entries?'));
  const [first] = picked;
  if (!first) return;
  const { cacheDir } = first;
  const chosen = picked.filter((one) => one.cacheDir === cacheDir);
  const paths = chosen.map((one) => one.entry.artifact_path);
  const { checked, problems } = await app.request('hpcCompose/cache/verify', { cacheDir, paths });
  for (const { path, problem } of problems) app.log.warn(`${path}: ${problem}`);
  const [trouble] = problems;
  if (trouble) {
    const name = entryLabel((chosen.find((one) => one.entry.artifact_path === trouble.path) ?? first).entry);
    const more = problems.length > 1 ? vscode.l10n.t(' ({0} more in the output)', problems.length - 1) : '';
    const show = vscode.l10n.t('Show Output');
    const words = vscode.l10n.t('{0}: {1}{2}', name, trouble.problem, more);
    if ((await vscode.window.showWarningMessage(words, show)) === show) app.log.show();
    return;
  }
  const words =
    checked === 1
      ? vscode.l10n.t('{0} is in order.', entryLabel(first.entry))
      : vscode.l10n.t('{0} entries are in order.', checked);
  void vscode.window.showInformationMessage(words);
}

/** In the explorer when the file lies in the workspace, else in the file manager, else (remote) in a terminal. */
async function reveal(uri: vscode.Uri): Promise<void> {
  if (vscode.workspace.getWorkspaceFolder(uri)) {
    await vscode.commands.executeCommand('revealInExplorer', uri);
  } else if (vscode.env.remoteName === undefined) {
    await vscode.commands.executeCommand('revealFileInOS', uri);
  } else {
    vscode.window.createTerminal({ name: 'HPC Compose', cwd: vscode.Uri.joinPath(uri, '..') }).show();
  }
}
