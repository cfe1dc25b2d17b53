// The two pickers of a prune: the policy with its size, then the list that will be removed.
import * as vscode from 'vscode';
import type { PrunePlan, PrunePlanEntry } from '../../../server/src/model/cache.ts';
import type { CacheParams } from '../../../server/src/model/protocol.ts';
import { formatBytes, type Units } from '../../../server/src/model/units.ts';
import type { App } from '../app.ts';
import { askPlan, type AskedPlan } from '../prunePlans.ts';
import {
  costOf,
  keptBy,
  type KnownEntries,
  narrowPlan,
  planLabel,
  planSummary,
  type Preset,
  presets,
  removals,
} from '../prunePresets.ts';
import { count } from '../views/pages.ts';
import { describeFailure } from './failures.ts';
import type { ClientSettings } from './settings.ts';

interface PresetItem extends vscode.QuickPickItem {
  readonly asked?: AskedPlan;
}

/** Lets people choose a policy; each shows how many entries and bytes it removes as soon as that is known. */
export function pickPreset(
  app: App,
  where: CacheParams,
  settings: ClientSettings,
): Promise<AskedPlan | undefined> {
  const { graceSeconds, budgetBytes, units } = settings;
  const offered = presets({ ageDays: settings.pruneAgeDays, graceSeconds, budgetBytes }, units);
  const pick = vscode.window.createQuickPick<PresetItem>();
  pick.title = vscode.l10n.t('Prune: what may go?');
  pick.placeholder = vscode.l10n.t(
    'Choose a policy. The next step shows the list; nothing is removed before you confirm.',
  );
  const items: PresetItem[] = offered.map(({ title }) => ({
    label: title,
    description: vscode.l10n.t('counting…'),
  }));
  pick.items = items;
  pick.busy = true;
  pick.ignoreFocusOut = true;
  const source = new vscode.CancellationTokenSource();
  const fill = async (preset: Preset, index: number) => {
    const item = await presetItem(app, preset, where, units, source.token);
    if (source.token.isCancellationRequested) return;
    // New items move the cursor to the first one: whoever is on their way through the list stays where they are.
    const at = items.indexOf(pick.activeItems[0] ?? item);
    items[index] = item;
    pick.items = [...items];
    pick.activeItems = items.slice(Math.max(0, at), Math.max(0, at) + 1);
  };
  void Promise.all(offered.map(fill)).then(() => (pick.busy = false));
  return new Promise((resolve) => {
    pick.onDidAccept(() => {
      const asked = pick.selectedItems[0]?.asked;
      if (!asked) return;
      resolve(asked);
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      source.cancel();
      pick.dispose();
    });
    pick.show();
  });
}

async function presetItem(
  app: App,
  preset: Preset,
  where: CacheParams,
  units: Units,
  token: vscode.CancellationToken,
): Promise<PresetItem> {
  try {
    const asked = await askPlan(app, { ...where, ...preset.params }, token);
    return { label: preset.title, description: planSummary(asked.plan, units), asked };
  } catch (error) {
    if (error instanceof vscode.CancellationError) return { label: preset.title };
    return { label: preset.title, description: describeFailure(error) };
  }
}

interface EntryItem extends vscode.QuickPickItem {
  readonly entry?: PrunePlanEntry;
}

/**
 * Shows what the plan removes, checked; gives the paths that people leave checked, undefined when they turn away. `showKept` tells
 * of its failures itself.
 */
export function selectEntries(
  plan: PrunePlan,
  known: KnownEntries,
  settings: ClientSettings,
  showKept: () => Promise<void>,
): Promise<ReadonlySet<string> | undefined> {
  const pick = vscode.window.createQuickPick<EntryItem>();
  const total = removals(plan).length;
  const kept = keptBy(plan).entries;
  const rows = entryItems(plan, known, settings.units);
  const title = (chosen: number, bytes: number) =>
    vscode.l10n.t(
      'Prune · {0} of {1} selected · frees {2}',
      chosen,
      total,
      formatBytes(bytes, settings.units),
    );
  pick.canSelectMany = true;
  // Looking at the report, or at a spec, must not cost the selection.
  pick.ignoreFocusOut = true;
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  pick.placeholder = vscode.l10n.t('Uncheck what shall stay, then press Enter. Escape changes nothing.');
  pick.items = rows;
  pick.selectedItems = settings.preselect === 'safe' ? rows.filter((row) => row.entry) : [];
  if (kept > 0) {
    const tooltip = vscode.l10n.t('{0} kept and why', count(kept, 'entry', 'entries'));
    pick.buttons = [{ iconPath: new vscode.ThemeIcon('eye'), tooltip }];
  }
  const chosen = () => new Set(pick.selectedItems.flatMap((item) => (item.entry ? [item.entry.path] : [])));
  const retitle = () => {
    const narrowed = narrowPlan(plan, chosen());
    pick.title = title(removals(narrowed).length, narrowed.bytes);
  };
  retitle();
  return new Promise((resolve) => {
    pick.onDidChangeSelection(retitle);
    pick.onDidTriggerButton(() => {
      if (pick.busy) return;
      pick.busy = true;
      void showKept().finally(() => (pick.busy = false));
    });
    pick.onDidAccept(() => {
      resolve(chosen());
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
  });
}

function entryItems(plan: PrunePlan, known: KnownEntries, units: Units): EntryItem[] {
  const groups = new Map<string, EntryItem[]>();
  for (const entry of removals(plan)) {
    const services = known.get(entry.path)?.service_names.join(', ') ?? '';
    const item: EntryItem = {
      label: planLabel(entry, known),
      description: formatBytes(entry.bytes, units),
      detail: [entry.reason, services].filter(Boolean).join(' · '),
      entry,
    };
    const group = groups.get(costOf(entry));
    if (group) group.push(item);
    else groups.set(costOf(entry), [item]);
  }
  return [...groups].flatMap(([label, items]) => [
    { label, kind: vscode.QuickPickItemKind.Separator },
    ...items,
  ]);
}
