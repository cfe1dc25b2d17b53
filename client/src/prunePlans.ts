// Plans as people need them: what goes at once, what stays and why only when somebody wants to see it. For a big cache that is
// megabytes, and every message holds up what is typed meanwhile.
import * as vscode from 'vscode';
import type { PrunePlan } from '../../server/src/model/cache.ts';
import type { PrunePlanParams } from '../../server/src/model/protocol.ts';
import type { App } from './app.ts';
import { withKept } from './prunePresets.ts';

/** A plan of what goes, with the question that it answers. */
export interface AskedPlan {
  readonly plan: PrunePlan;
  readonly params: PrunePlanParams;
}

/** Asks for what goes. */
export async function askPlan(
  app: App,
  params: PrunePlanParams,
  token?: vscode.CancellationToken,
): Promise<AskedPlan> {
  const plan = await app.request('hpcCompose/prune/plan', { ...params, removalsOnly: true }, token);
  return { plan, params };
}

/** Asks for what the plan keeps and why; rejects with a CancellationError when people turn away. */
export async function askWhatStays(app: App, { plan, params }: AskedPlan): Promise<PrunePlan> {
  const title = vscode.l10n.t('Looking at what is kept in {0}', plan.cache_dir);
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  const place = { cacheDir: plan.cache_dir };
  const whole = await vscode.window.withProgress(options, (_progress, token) =>
    app.request('hpcCompose/prune/plan', { ...params, ...place, removalsOnly: false }, token),
  );
  return withKept(plan, whole);
}
