// Prune: choose a policy with its size, look at the list and change it, confirm, apply that very list, see the report.
// Nothing is removed before the last question is answered.
import * as vscode from 'vscode';
import type { CacheState, PrunePlan, PruneResult } from '../../../server/src/model/cache.ts';
import type { CacheParams } from '../../../server/src/model/protocol.ts';
import { formatBytes } from '../../../server/src/model/units.ts';
import type { App } from '../app.ts';
import { requestWithReports } from '../cacheClient.ts';
import { askPlan, type AskedPlan, askWhatStays } from '../prunePlans.ts';
import { confirmDetail, type KnownEntries, narrowPlan, needsTyping, removals } from '../prunePresets.ts';
import { showFailure } from '../ui/failures.ts';
import { pickPreset, selectEntries } from '../ui/prunePicks.ts';
import { readSettings } from '../ui/settings.ts';
import type { EntryNode } from '../views/cacheModel.ts';
import { when } from '../views/entryText.ts';
import { count, planPage, reportPage } from '../views/pages.ts';
import { pickEntries } from './entryPick.ts';
import { command, requireTrust } from './register.ts';
import { targetSpec } from './target.ts';

/** Registers the commands that remove entries. */
export function registerPrune(app: App): vscode.Disposable {
  return vscode.Disposable.from(
    command(app, 'cache.prune', (argument: unknown) => prune(app, argument)),
    command(app, 'cache.pruneSelected', (node?: EntryNode, nodes?: readonly EntryNode[]) =>
      pruneSelected(app, node, nodes),
    ),
    command(app, 'cache.showReports', (argument: unknown) => showReports(app, argument)),
  );
}

async function prune(app: App, argument: unknown): Promise<PruneResult | undefined> {
  if (!(await requireTrust())) return undefined;
  const where = await targetCache(app, argument);
  if (!where) return undefined;
  const settings = readSettings();
  const asked = await pickPreset(app, where, settings);
  if (!asked) return undefined;
  const { plan } = asked;
  if (removals(plan).length === 0) return tellNothing(app, asked);
  const known = knownEntries(app, plan.cache_dir);
  const showKept = () => showPlan(app, asked).catch((error: unknown) => showFailure(app.log, error));
  const chosen = await selectEntries(plan, known, settings, showKept);
  return chosen && confirmAndApply(app, { ...asked, plan: narrowPlan(plan, chosen) }, known);
}

async function pruneSelected(
  app: App,
  node: EntryNode | undefined,
  nodes: readonly EntryNode[] | undefined,
): Promise<PruneResult | undefined> {
  if (!(await requireTrust())) return undefined;
  const picked = await pickEntries(app, node, nodes, vscode.l10n.t('Delete which entries?'));
  const first = picked[0];
  if (!first) return undefined;
  const paths = picked.filter((one) => one.cacheDir === first.cacheDir).map((one) => one.entry.artifact_path);
  const cacheDir = first.cacheDir;
  const asked = await askPlan(app, { cacheDir, mode: 'selection', paths });
  return confirmAndApply(app, asked, knownEntries(app, asked.plan.cache_dir));
}

async function confirmAndApply(
  app: App,
  asked: AskedPlan,
  known: KnownEntries,
): Promise<PruneResult | undefined> {
  const { plan } = asked;
  const removed = removals(plan).length;
  if (removed === 0) return tellNothing(app, asked);
  const { units } = readSettings();
  const entries = count(removed, 'cache entry', 'cache entries');
  const question = vscode.l10n.t('Delete {0} ({1})?', entries, formatBytes(plan.bytes, units));
  const button = vscode.l10n.t('Delete {0}', count(removed, 'Entry', 'Entries'));
  const options = { modal: true, detail: confirmDetail(plan, known, units) };
  if ((await vscode.window.showWarningMessage(question, options, button)) !== button) return undefined;
  if (needsTyping(plan) && !(await confirmByTyping(question))) return undefined;
  const result = await app.operations.run(vscode.l10n.t('Deleting {0}', entries), (token) =>
    apply(app, plan, token),
  );
  if (!result) return undefined;
  void tellResult(app, plan, result);
  return result;
}

/** So much is not removed by a click that went astray. */
async function confirmByTyping(question: string): Promise<boolean> {
  const word = 'delete';
  const typed = await vscode.window.showInputBox({
    title: question,
    prompt: vscode.l10n.t('Type {0} to confirm. Escape changes nothing.', word),
    ignoreFocusOut: true,
    validateInput: (text) => (text.trim() === word ? undefined : vscode.l10n.t('Type {0}', word)),
  });
  return typed?.trim() === word;
}

async function apply(app: App, plan: PrunePlan, operation: vscode.CancellationToken): Promise<PruneResult> {
  const title = vscode.l10n.t('Deleting from {0}', plan.cache_dir);
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, async (progress, user) => {
    const source = new vscode.CancellationTokenSource();
    const listeners = [user, operation].map((token) => token.onCancellationRequested(() => source.cancel()));
    try {
      const { units } = readSettings();
      return await requestWithReports(
        app.server,
        'hpcCompose/prune/apply',
        { plan },
        source.token,
        (report) => {
          const { done, total, bytes } = report;
          const freed = vscode.l10n.t('{0} of {1}, freed {2}', done, total, formatBytes(bytes, units));
          progress.report({ message: freed });
        },
      );
    } finally {
      vscode.Disposable.from(source, ...listeners).dispose();
      void app.states.refresh();
    }
  });
}

async function tellResult(app: App, plan: PrunePlan, result: PruneResult): Promise<void> {
  const { units } = readSettings();
  const parts = [
    vscode.l10n.t(
      'Freed {0} in {1}',
      formatBytes(result.bytes_freed, units),
      count(result.removed_count, 'entry', 'entries'),
    ),
    ...firstWhy(
      'kept',
      result.skipped.map(({ why }) => why),
    ),
    ...firstWhy(
      'failed',
      result.failed.map(({ code }) => code),
    ),
  ];
  const words = `${parts.join('; ')}.`;
  app.log.info(words);
  const show = vscode.l10n.t('Show Report');
  const tell =
    result.failed.length > 0 ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
  if ((await tell(words, show)) === show) await showReport(app, plan, result);
}

function showReport(app: App, plan: PrunePlan, result: PruneResult): Promise<void> {
  const { units } = readSettings();
  const page = () => reportPage(result, plan, { units, now: Date.now() / 1000 });
  return app.pages.showPage('prune-report', page, () => ({ plan, result }));
}

/** Lets people look at what earlier prunes did. */
async function showReports(app: App, argument: unknown): Promise<void> {
  if (!(await requireTrust())) return;
  const where = await targetCache(app, argument);
  if (!where) return;
  const { units } = readSettings();
  const reports = await app.request('hpcCompose/prune/reports', where);
  if (reports.length === 0) {
    const words = vscode.l10n.t('No prune of this cache was recorded in the last 30 days.');
    void vscode.window.showInformationMessage(words);
    return;
  }
  const items = reports.map((report) => ({
    label: when(report.created_at, Date.now() / 1000),
    description: vscode.l10n.t(
      'freed {0} in {1}',
      formatBytes(report.result.bytes_freed, units),
      count(report.result.removed_count, 'entry', 'entries'),
    ),
    report,
  }));
  const title = vscode.l10n.t('Which prune?');
  const picked = await vscode.window.showQuickPick(items, { title });
  if (picked) await showReport(app, picked.report.plan, picked.report.result);
}

function firstWhy(what: string, reasons: readonly string[]): string[] {
  const [first] = reasons;
  return first === undefined ? [] : [`${reasons.length} ${what}: ${first}${reasons.length > 1 ? ', …' : ''}`];
}

async function tellNothing(app: App, asked: AskedPlan): Promise<undefined> {
  const show = vscode.l10n.t('Show What Is Kept');
  const words = vscode.l10n.t('Nothing to remove: every entry is kept.');
  if ((await vscode.window.showInformationMessage(words, show)) === show) await showPlan(app, asked);
  return undefined;
}

async function showPlan(app: App, asked: AskedPlan): Promise<void> {
  const plan = await askWhatStays(app, asked);
  return app.pages.showPage(
    'prune-plan',
    () => planPage(plan, { units: readSettings().units, now: Date.now() / 1000 }),
    () => plan,
  );
}

/** The cache to prune: that of the argument's spec, the only one with entries, one that people pick, or that of the current spec. */
async function targetCache(app: App, argument: unknown): Promise<CacheParams | undefined> {
  const filled = app.states.all();
  if (argument === undefined && filled.length > 1) {
    const items = filled.map(cacheItem);
    const picked = await vscode.window.showQuickPick(items, { title: vscode.l10n.t('Prune which cache?') });
    return picked && { cacheDir: picked.label };
  }
  const [only] = filled;
  if (argument === undefined && only) return { cacheDir: only.cache_dir };
  const uri = await targetSpec(app, argument);
  return uri && { uri: uri.toString() };
}

function cacheItem({ cache_dir, totals }: CacheState): vscode.QuickPickItem {
  const { units } = readSettings();
  const description = `${count(totals.entries, 'entry', 'entries')} · ${formatBytes(totals.bytes, units)}`;
  return { label: cache_dir, description };
}

function knownEntries(app: App, cacheDir: string): KnownEntries {
  const entries = app.states.all().find((state) => state.cache_dir === cacheDir)?.entries ?? [];
  return new Map(entries.map((entry) => [entry.artifact_path, entry]));
}
