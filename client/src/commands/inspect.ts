// Inspect: what a spec asks of the cache as a page, one entry as a page. Pages follow the cache while they are open.
import * as vscode from 'vscode';
import type { CacheEntry, InspectResult } from '../../../server/src/model/cache.ts';
import type { App } from '../app.ts';
import { readSettings } from '../ui/settings.ts';
import type { EntryNode } from '../views/cacheModel.ts';
import { entryLabel, escape } from '../views/entryText.ts';
import { entryPage, inspectPage, type PageStyle } from '../views/pages.ts';
import { pickEntry } from './entryPick.ts';
import { command, requireTrust } from './register.ts';
import { serviceOf, targetSpec } from './target.ts';

/** Registers the commands that only look. */
export function registerInspect(app: App): vscode.Disposable {
  return vscode.Disposable.from(
    command(app, 'cache.inspect', (argument: unknown) => inspectSpec(app, argument)),
    command(app, 'cache.inspectEntry', (node?: EntryNode) => inspectEntry(app, node)),
    command(app, 'openAsJson', () => app.pages.showJson()),
    app.states.onDidChange(() => app.pages.refresh()),
  );
}

async function inspectSpec(app: App, argument: unknown): Promise<InspectResult | undefined> {
  if (!(await requireTrust())) return undefined;
  const uri = await targetSpec(app, argument);
  if (!uri) return undefined;
  const service = serviceOf(argument);
  const params = { uri: uri.toString(), ...(service === undefined ? {} : { service }) };
  const first = await app.request('hpcCompose/cache/inspect', params);
  const file = uri.path.slice(uri.path.lastIndexOf('/') + 1);
  let latest: InspectResult | undefined = first;
  let shown = first;
  await app.pages.showPage(
    service ?? file,
    async () => {
      const result = latest ?? (await app.request('hpcCompose/cache/inspect', params));
      latest = undefined;
      shown = result;
      return inspectPage(result, service ? `${service} · ${file}` : file, style());
    },
    () => shown,
  );
  return first;
}

async function inspectEntry(app: App, node: EntryNode | undefined): Promise<void> {
  if (!(await requireTrust())) return;
  const picked = await pickEntry(app, node, vscode.l10n.t('Inspect which entry?'));
  if (!picked) return;
  const { cacheDir, entry } = picked;
  await app.pages.showPage(
    entryLabel(entry),
    () => {
      const now = latestEntry(app, entry);
      const removed = `# ${escape(entryLabel(entry))}\n\n${vscode.l10n.t('This entry is no longer in the cache.')}`;
      return now ? entryPage(now, cacheDir, style()) : removed;
    },
    () => latestEntry(app, entry) ?? entry,
  );
}

function latestEntry(app: App, entry: CacheEntry): CacheEntry | undefined {
  const entries = app.states.all().flatMap((state) => state.entries);
  return entries.find((one) => one.artifact_path === entry.artifact_path);
}

function style(): PageStyle {
  return { units: readSettings().units, now: Date.now() / 1000 };
}
