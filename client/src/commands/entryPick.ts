// Which cache entries a command acts on: the clicked node, the selection in the tree, or a picker, so that the palette works too.
import * as vscode from 'vscode';
import type { App } from '../app.ts';
import { readSettings } from '../ui/settings.ts';
import type { CacheNode, EntryNode } from '../views/cacheModel.ts';
import { entryDescription, entryLabel } from '../views/entryText.ts';

/** The entries to act on; empty when nobody chose one. `nodes` is what the tree hands over for a multi-selection. */
export async function pickEntries(
  app: App,
  node: CacheNode | undefined,
  nodes: readonly CacheNode[] | undefined,
  title: string,
): Promise<readonly EntryNode[]> {
  const given = nodes?.length ? nodes : node ? [node] : app.view.selection();
  const entries = given.filter(isEntry);
  if (entries.length > 0) return entries;
  return (
    (
      await vscode.window.showQuickPick(await items(app), { title, canPickMany: true, matchOnDetail: true })
    )?.map((item) => item.node) ?? []
  );
}

/** One entry to act on, or undefined. */
export async function pickEntry(
  app: App,
  node: CacheNode | undefined,
  title: string,
): Promise<EntryNode | undefined> {
  const given = node ?? app.view.selection()[0];
  if (given && isEntry(given)) return given;
  return (await vscode.window.showQuickPick(await items(app), { title, matchOnDetail: true }))?.node;
}

function isEntry(node: CacheNode): node is EntryNode {
  return node.type === 'entry';
}

async function items(app: App): Promise<(vscode.QuickPickItem & { node: EntryNode })[]> {
  if (app.states.all().length === 0) await app.states.refresh();
  const { units } = readSettings();
  const now = Date.now() / 1000;
  return app.states.all().flatMap((state) =>
    state.entries.map((entry) => ({
      label: entryLabel(entry),
      description: entryDescription(entry, now, units),
      detail: entry.artifact_path,
      node: { type: 'entry', id: entry.artifact_path, cacheDir: state.cache_dir, entry } as const,
    })),
  );
}
