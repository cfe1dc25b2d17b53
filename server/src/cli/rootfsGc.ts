// rootfs gc, fit for cron, prolog and epilog; and the part of root's collection that runs as one user.
import type { RootfsGcPlan, RootfsGcResult } from '../model/rootfs.ts';
import { collectGarbage } from '../core/rootfs/collectGarbage.ts';
import { becomeUser, coordinateGc, runUserTask, type UserTask } from '../core/rootfs/coordinateGc.ts';
import { takeOver } from '../core/rootfs/handOver.ts';
import { candidateDigest } from '../core/rootfs/candidateDigest.ts';
import { planGc, type GcRequest } from '../core/rootfs/planGc.ts';
import { ENTRY_JSON, listDigest } from '../core/rootfs/listEntry.ts';
import { sendScan, type ScanTask } from '../core/rootfs/scanHelper.ts';
import { lastValue, type Arguments, type CommandContext } from './command.ts';
import {
  printJson,
  selfCommand,
  sizeText,
  systemPorts,
  withRootfs,
  type RootfsRun,
} from './rootfsContext.ts';
import { ENTRY_ROW } from './rootfsList.ts';

/** `rootfs gc`. Exit 0 also when nothing could be done: the reason tells. */
export function gcCommand(context: CommandContext, args: Arguments): Promise<number> {
  return withRootfs(context, args, async (run) => {
    const trigger = lastValue(args, 'reason');
    const { settings, base } = run;
    const request: GcRequest = { settings, base, ...(trigger === undefined ? {} : { trigger }) };
    if (args.switches.has('dry-run')) return await dryRun(request, run);
    const result = await collect(request, run);
    if (run.format === 'json') await printJson(result, context);
    else await context.out(resultText(result));
    return 0;
  });
}

async function dryRun(request: GcRequest, { ports, context, format }: RootfsRun): Promise<number> {
  const uids = ports.uid === 0 ? {} : { uids: [ports.uid] };
  const plan = await planGc({ ...request, ...uids }, ports, context.signal);
  if (format === 'json') await printJson(plan, context);
  else await context.out(planText(plan));
  return 0;
}

async function collect(request: GcRequest, { ports, context }: RootfsRun): Promise<RootfsGcResult> {
  const { signal } = context;
  if (ports.uid === 0) return await coordinateGc(request, { self: selfCommand(), signal }, ports);
  return await collectGarbage(request, { signal }, ports);
}

/** `rootfs as-user`: the task comes on descriptor 3, the result goes to standard output. */
export async function asUserCommand(context: CommandContext): Promise<number> {
  const task = JSON.parse(takeOver()) as UserTask;
  becomeUser(task.uid, task.gid);
  const result = await runUserTask(task, systemPorts(context));
  await context.out(`${JSON.stringify(result)}\n`);
  return 0;
}

/** `rootfs scan-part`: the task comes on descriptor 3, what was found goes to descriptor 4. */
export function scanPartCommand(): Promise<number> {
  const task = JSON.parse(takeOver()) as ScanTask;
  if (task.kind === 'candidate') sendScan(task, candidateDigest(task.nowMs));
  else
    sendScan(task, listDigest(task.kind === 'json' ? ENTRY_JSON : ENTRY_ROW, task.request.base, task.nowMs));
  return Promise.resolve(0);
}

function resultText(result: RootfsGcResult): string {
  const lines = [
    ...result.evicted.map(({ name, bytes, image }) =>
      `evicted ${name} ${sizeText(bytes)} ${image ?? ''}`.trimEnd(),
    ),
    ...result.in_use.map(({ name }) => `in use ${name}`),
    ...result.skipped.map(({ name, why }) => `kept ${name}: ${why}`),
    ...result.failed.map(({ name, code, message }) => `failed ${name}: ${code}: ${message}`),
    ...result.warnings.map((warning) => `warning: ${warning}`),
    `${result.reason}: ${result.evicted.length} evicted, ${sizeText(result.bytes_freed)} freed`,
  ];
  return `${lines.join('\n')}\n`;
}

function planText(plan: RootfsGcPlan): string {
  const lines = [
    ...plan.would_evict.map(({ name, bytes, image }) =>
      `would evict ${name} ${sizeText(bytes)} ${image ?? ''}`.trimEnd(),
    ),
    ...plan.in_use.map(({ name }) => `in use ${name}`),
    ...plan.skipped.map(({ name, why }) => `kept ${name}: ${why}`),
    `${plan.reason}: ${plan.would_evict.length} would be evicted, ${sizeText(plan.bytes)}`,
  ];
  return `${lines.join('\n')}\n`;
}
