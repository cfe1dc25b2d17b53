// preflight: the report on stderr as text, on stdout as JSON; exit 3 when something stands in the way (cache contract, section 10).
import { runProcess } from '../core/process.ts';
import { detectTool } from '../core/toolVersion.ts';
import { blocked } from '../core/preflight/items.ts';
import type { PreflightInput } from '../core/preflight/check.ts';
import { preflight } from '../core/preflight/preflight.ts';
import { askSrun } from '../core/preflight/slurm.ts';
import { probeShared } from '../core/preflight/sharedProbe.ts';
import { findTool } from '../core/prepare/toolPath.ts';
import { preflightInput } from '../load/preflightInput.ts';
import type { CachePlan } from '../model/plan.ts';
import type { PreflightItem, PreflightReport } from '../model/preflight.ts';
import { formatOf, lastValue, type Arguments, type CommandContext } from './command.ts';
import { loadSpec } from './loadSpec.ts';

export async function runPreflight(context: CommandContext, args: Arguments): Promise<number> {
  const format = formatOf(args);
  const loaded = await loadSpec(context, args);
  const plan = withBinaries(loaded.plan, args);
  const input = preflightInput({ ...loaded, plan }, context.env, false);
  const { env, signal } = context;
  const tool = await detectTool(env, runProcess, signal);
  const srunHelp = await askSrun(plan, { env, run: runProcess }, signal);
  const probed = args.switches.has('fs-probes') ? await probe(input, context) : [];
  const report = preflight({ ...input, tool, srunHelp, probed });
  const { blockers, actionable_warnings, contextual_warnings } = report.summary;
  const warned = actionable_warnings + contextual_warnings > 0;
  const failed = blockers > 0 || (args.switches.has('strict') && warned);
  if (format === 'json') await context.out(`${JSON.stringify(report, null, 2)}\n`);
  else {
    const say = (line: string) => (failed ? context.log.error(line) : context.say(line));
    textLines(report, args).forEach(say);
  }
  return failed ? 3 : 0;
}

const PROBE_LIMIT_MS = 120_000;

/** Without the means to end a job, none is started. */
async function probe({ plan, sharedPaths }: PreflightInput, context: CommandContext) {
  const { sbatch = 'sbatch', scancel = 'scancel' } = plan.binaries;
  const missing = [sbatch, scancel].find((name) => !isThere(name, context.env.PATH));
  if (missing !== undefined)
    return [
      blocked(`'${missing}' was not found: no job can look at shared directories`, 'Run it on a login node.'),
    ];
  const given = Number(context.env.HPC_COMPOSE_FS_PROBE_TIMEOUT_MS);
  const limit = given > 0 ? given : PROBE_LIMIT_MS;
  return probeShared(
    sharedPaths,
    { sbatch, scancel },
    limit,
    { run: runProcess, env: context.env },
    context.signal,
  );
}

function isThere(name: string, path: string | undefined): boolean {
  try {
    return findTool(name, name, path) !== '';
  } catch {
    return false;
  }
}

function withBinaries(plan: CachePlan, args: Arguments): CachePlan {
  const tools = ['enroot', 'apptainer', 'singularity', 'srun', 'sbatch', 'scancel', 'scontrol'] as const;
  const chosen = tools.flatMap((tool) => {
    const path = lastValue(args, `${tool}-bin`);
    return path === undefined ? [] : [[tool, path] as const];
  });
  return { ...plan, binaries: { ...plan.binaries, ...Object.fromEntries(chosen) } };
}

function textLines(report: PreflightReport, args: Arguments): string[] {
  const { summary } = report;
  const head =
    `Summary: ${summary.blockers} blocker(s), ${summary.actionable_warnings} actionable warning(s), ` +
    `${summary.contextual_warnings} contextual warning(s), ${summary.passed_checks} passed checks`;
  return [
    head,
    ...section('Blockers', report.blockers),
    ...section('Actionable warnings', report.actionable_warnings),
    ...section('Contextual warnings', report.contextual_warnings),
    ...(args.switches.has('verbose') ? section('Passed checks', report.passed_checks) : []),
  ];
}

function section(title: string, items: readonly PreflightItem[]): string[] {
  if (items.length === 0) return [];
  const lines = items.flatMap(({ message, remediation }) =>
    remediation === null ? [`- ${message}`] : [`- ${message}`, `  remediation: ${remediation}`],
  );
  return [`${title}:`, ...lines];
}
