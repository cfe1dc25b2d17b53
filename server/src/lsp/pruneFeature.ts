// The requests `hpcCompose/prune/plan`, `hpcCompose/prune/apply` and `hpcCompose/prune/reports`. The plan that comes back is applied as it is: the core looks
// at every entry again under its locks, the policy is never asked a second time.
import fs from 'node:fs';
import path from 'node:path';
import { ProgressType } from 'vscode-languageserver';
import { URI } from 'vscode-uri';
import { canonicalPath } from '../core/canonicalPath.ts';
import { packReportsInBackground, planPrunesInBackground } from '../core/background.ts';
import type { PackedPlan, PruneRequest } from '../core/prune/planPrune.ts';
import { applyInBackground, applyTextInBackground, type AskedToApply } from '../core/prune/pruneTask.ts';
import { resolveReferences, type SpecState } from '../core/prune/references.ts';
import type { AskedPlan } from '../core/stateWorker.ts';
import { doTogether, type WorkTogether } from '../core/together.ts';
import type { PrunePlan, PruneReport, PruneResult } from '../model/cache.ts';
import { OperationFailure } from '../model/failure.ts';
import { DEFAULT_TOOL_VERSION, type CachePlan } from '../model/plan.ts';
import type { PruneApplyParams, PrunePlanParams, PruneProgress } from '../model/protocol.ts';
import type { CacheLooks } from './cacheLooks.ts';
import { onOwnRequest } from './guarded.ts';
import { JsonText, listOfPacked, withPackedEntries } from './jsonText.ts';
import type { ServerContext } from './serverContext.ts';
import { choicesFor, planOf, requireTrust } from './specPlans.ts';

/** Registers the requests. */
export function registerPrune(context: ServerContext, looks: CacheLooks): void {
  const { connection, log } = context;
  const planTogether = doTogether(planPrunes);
  onOwnRequest(connection, log, 'hpcCompose/prune/plan', async (params, signal) => {
    requireTrust(context);
    const { ports } = await choicesFor(context, params.uri);
    const askedAt = ports.now();
    const request = await requestOf(context, params, signal);
    const question = { request, env: { ...ports.env }, askedAt };
    const { rest, pieces } = await planTogether(request.cacheDir, question, signal);
    return withPackedEntries<PrunePlan>(rest, pieces);
  });
  onOwnRequest(connection, log, 'hpcCompose/prune/apply', (params, signal) =>
    apply(context, looks, params, signal),
  );
  onOwnRequest(connection, log, 'hpcCompose/prune/reports', async ({ cacheDir, uri }, signal) => {
    requireTrust(context);
    const place = cacheDir ?? (await cacheDirOf(context, uri, signal));
    return listOfPacked<PruneReport>(await packReportsInBackground(place, signal));
  });
}

interface PlanQuestion extends AskedPlan {
  /** Seconds since the epoch. */
  readonly askedAt: number;
}

/** Plans on one cache. They are of the time when the first was asked for: what is used from then on was used since the plan. */
const planPrunes: WorkTogether<PlanQuestion, PackedPlan> = (questions, signal) =>
  planPrunesInBackground(questions, Math.min(...questions.map(({ askedAt }) => askedAt)), signal);

async function requestOf(
  context: ServerContext,
  params: PrunePlanParams,
  signal: AbortSignal,
): Promise<PruneRequest> {
  const cacheDir = params.cacheDir ?? (await cacheDirOf(context, params.uri, signal));
  const common = {
    cacheDir,
    removalsOnly: params.removalsOnly ?? false,
    ...(params.grace === undefined ? {} : { grace: params.grace }),
  };
  switch (params.mode) {
    case 'age':
      return { ...common, mode: 'age', days: needed(params.age, 'age') };
    case 'budget':
      return { ...common, mode: 'budget', budget: needed(params.budget, 'budget') };
    case 'selection':
      return { ...common, mode: 'selection', paths: params.paths ?? [] };
    case 'older_versions': {
      const { choices } = await choicesFor(context, params.uri);
      return { ...common, mode: 'older_versions', toolVersion: choices.toolVersion ?? DEFAULT_TOOL_VERSION };
    }
    case 'all_unused': {
      const references = await referencesOf(context, cacheDir, signal);
      return {
        ...common,
        mode: 'all_unused',
        references,
        includeUnrecorded: params.includeUnrecorded ?? false,
      };
    }
    case 'orphans':
    case 'layers':
      return { ...common, mode: params.mode };
    case 'runtime':
      throw new OperationFailure('usage', { cause: 'Job directories are pruned from the command line.' });
  }
}

async function cacheDirOf(
  context: ServerContext,
  uri: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  if (uri === undefined)
    throw new OperationFailure('usage', {
      cause: 'The request names neither a spec (uri) nor a cache (cacheDir).',
    });
  return (await planOf(context, uri, signal)).plan.cacheDir.path;
}

/** What open and recorded specs refer to. An open spec that cannot be read protects what was recorded for it. */
async function referencesOf(context: ServerContext, cacheDir: string, signal: AbortSignal) {
  const stateOf = (uri: string) => specState(context, uri, signal);
  const open = await Promise.all(context.documents.allSpecs().map(({ uri }) => stateOf(uri)));
  const plans = open.flatMap((state) => ('plan' in state ? [state.plan] : []));
  const place = canonicalPath(cacheDir);
  const here = plans.filter((plan: CachePlan) => canonicalPath(plan.cacheDir.path) === place);
  return resolveReferences(cacheDir, here, (specPath) => stateOf(uriOf(specPath)));
}

async function specState(context: ServerContext, uri: string, signal: AbortSignal): Promise<SpecState> {
  if (!context.documents.get(uri) && isGone(uri)) return { gone: true };
  try {
    return { plan: (await planOf(context, uri, signal)).plan };
  } catch (error) {
    if (!(error instanceof OperationFailure)) throw error;
    return { unreadable: error.message };
  }
}

function isGone(uri: string): boolean {
  const { scheme, fsPath } = URI.parse(uri);
  return scheme === 'file' && !fs.existsSync(fsPath);
}

function uriOf(specPath: string): string {
  return path.isAbsolute(specPath) ? URI.file(specPath).toString() : specPath;
}

async function apply(
  context: ServerContext,
  looks: CacheLooks,
  params: PruneApplyParams | JsonText<PruneApplyParams>,
  signal: AbortSignal,
): Promise<PruneResult> {
  requireTrust(context);
  const { ports } = await choicesFor(context, undefined);
  let asked: AskedToApply | undefined;
  const onAsked = (found: AskedToApply) => (asked = found);
  const onProgress = (done: number, total: number, bytes: number) => {
    const token = asked?.partialResultToken;
    if (token === undefined) return;
    void context.connection.sendProgress(new ProgressType<PruneProgress>(), token, { done, total, bytes });
  };
  const options = { signal, onProgress, onAsked };
  try {
    if (params instanceof JsonText) return await applyTextInBackground(params.pieces, options, ports);
    const { plan, ...others } = params;
    onAsked({ ...others, cacheDir: plan.cache_dir });
    return await applyInBackground(plan, options, ports);
  } finally {
    if (asked) await looks.tell(asked.cacheDir);
  }
}

function needed(value: number | undefined, name: string): number {
  if (value === undefined || !(value >= 0))
    throw new OperationFailure('usage', { cause: `${name} is missing.` });
  return value;
}
