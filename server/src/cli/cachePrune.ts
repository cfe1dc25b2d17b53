// `cache prune`: makes a plan (or reads one), shows it, asks, applies it, and says what went, what stayed and what failed.
import fs from 'node:fs';
import path from 'node:path';
import { escapeControl } from '../core/cacheNames.ts';
import { canonicalPath } from '../core/canonicalPath.ts';
import { realPorts, type Ports } from '../core/ports.ts';
import { applyPrune } from '../core/prune/applyPrune.ts';
import { planPrune } from '../core/prune/planPrune.ts';
import { parsePrunePlan } from '../core/prune/savedPlan.ts';
import { OperationFailure } from '../model/failure.ts';
import type { PrunePlan, PruneResult } from '../model/cache.ts';
import { formatBytes } from '../model/units.ts';
import { pruneRequestOf, pruneModeOf } from './cachePruneRequest.ts';
import { printResult } from './cacheTarget.ts';
import { formatOf, lastValue, UsageError, type Arguments, type CommandContext } from './command.ts';

/** Runs the command. Gives 1 when something could not be removed, or when it was not confirmed. */
export async function runCachePrune(context: CommandContext, args: Arguments): Promise<number> {
  const format = formatOf(args);
  const mode = pruneModeOf(args);
  const ports = realPorts(context.log, context.env);
  // What takes the locks starts while the cache is being read.
  if (args.switches.has('yes')) ports.lockChildren.of(ports.run, ports.env).warm();
  // Seen from here: what is used while specs are being read was used since the plan.
  const began = ports.now();
  const plan =
    mode === 'plan'
      ? readPlan(context, args)
      : await planPrune(await pruneRequestOf(mode, context, args, ports), { ...ports, now: () => began });
  if (args.switches.has('dry-run')) {
    await printResult(context, format === 'json' ? `${JSON.stringify(plan, null, 2)}\n` : planText(plan));
    return 0;
  }
  if (!args.switches.has('yes')) await confirm(context, plan);
  return await apply(plan, context, args, ports);
}

function readPlan(context: CommandContext, args: Arguments): PrunePlan {
  const file = path.resolve(context.cwd, lastValue(args, 'plan') ?? '');
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw new OperationFailure(
      'usage',
      { cause: `the plan ${file} cannot be read: ${String(error)}` },
      error,
    );
  }
  const plan = parsePrunePlan(text);
  if (typeof plan === 'string') throw new OperationFailure('usage', { cause: `${file} is no plan: ${plan}` });
  assertSameCache(plan, lastValue(args, 'cache-dir'));
  return plan;
}

function assertSameCache({ cache_dir: planned }: PrunePlan, asked: string | undefined): void {
  if (asked === undefined || canonicalPath(asked) === canonicalPath(planned)) return;
  throw new UsageError(`the plan is for ${planned}, not for the --cache-dir ${asked}`);
}

async function apply(
  plan: PrunePlan,
  context: CommandContext,
  args: Arguments,
  ports: Ports,
): Promise<number> {
  const forceDir = args.switches.has('force-dir');
  const result = await applyPrune(plan, { forceDir, signal: context.signal }, ports);
  for (const { path: file, why } of result.skipped) context.say(`kept: ${escapeControl(file)}: ${why}`);
  for (const { path: file, code, message } of result.failed)
    context.log.error(`failed: ${escapeControl(file)}: ${escapeControl(message ?? code)}`);
  const json = formatOf(args) === 'json';
  await printResult(context, json ? `${JSON.stringify(result, null, 2)}\n` : resultText(result));
  if (!json && result.removed_count > 0) context.say(`freed: ${formatBytes(result.bytes_freed)}`);
  context.signal.throwIfAborted();
  return result.failed.length > 0 ? 1 : 0;
}

function resultText({ cache_dir, removed_count, removed_paths }: PruneResult): string {
  const lines = [
    `cache dir: ${cache_dir}`,
    `removed: ${removed_count}`,
    ...removed_paths.map((file) => `pruned: ${escapeControl(file)}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function planText({ cache_dir, entries, bytes }: PrunePlan): string {
  const chosen = entries.filter(({ action }) => action === 'remove');
  const line = (word: string, entry: PrunePlan['entries'][number]) =>
    `${word}\t${escapeControl(entry.path)}\t${formatBytes(entry.bytes)}\t${escapeControl(entry.reason)}`;
  const lines = [
    `cache dir: ${cache_dir}`,
    `would remove: ${chosen.length} (${formatBytes(bytes)})`,
    ...chosen.map((entry) => line('remove', entry)),
    ...entries.filter(({ action }) => action === 'keep').map((entry) => line('keep', entry)),
  ];
  return lines.map((text) => `${text}\n`).join('');
}

async function confirm(context: CommandContext, plan: PrunePlan): Promise<void> {
  const chosen = plan.entries.filter(({ action }) => action === 'remove');
  context.log.warn('destructive action preview:');
  context.log.warn(`  - cache dir: ${plan.cache_dir}`);
  context.log.warn(`  - mode: ${plan.mode}`);
  context.log.warn(`  - selected entries: ${chosen.length} (${formatBytes(plan.bytes)})`);
  for (const { path: file, reason } of chosen)
    context.log.warn(`  - ${escapeControl(file)}: ${escapeControl(reason)}`);
  if (!context.stdinIsTerminal) throw new OperationFailure('not-confirmed', { action: 'prune the cache' });
  const { createInterface } = await import('node:readline/promises');
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question('Remove these entries? [y/N] ', { signal: context.signal });
    if (!/^\s*(?:y|yes)\s*$/i.test(answer))
      throw new OperationFailure('not-confirmed', { action: 'prune the cache' });
  } finally {
    prompt.close();
  }
}
