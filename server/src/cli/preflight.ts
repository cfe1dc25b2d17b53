// preflight: the report on stderr as text, on stdout as JSON; exit 3 when something stands in the way (cache contract, section 10).
import { runProcess } from '../core/process.ts';
import { detectTool } from '../core/toolVersion.ts';
import { preflight } from '../core/preflight/preflight.ts';
import { preflightInput } from '../load/preflightInput.ts';
import type { CachePlan } from '../model/plan.ts';
import type { PreflightItem, PreflightReport } from '../model/preflight.ts';
import { formatOf, lastValue, type Arguments, type CommandContext } from './command.ts';
import { loadSpec } from './loadSpec.ts';

export async function runPreflight(context: CommandContext, args: Arguments): Promise<number> {
  const format = formatOf(args);
  const loaded = await loadSpec(context, args);
  const input = preflightInput(loaded, context.env);
  const tool = await detectTool(context.env, runProcess, context.signal);
  const report = preflight({ ...input, tool, plan: withBinaries(loaded.plan, args) });
  if (args.switches.has('fs-probes')) {
    context.log.warn(
      'warning: shared file systems are not probed by a job; the evidence of this machine stands instead',
    );
  }
  if (format === 'json') await context.out(`${JSON.stringify(report, null, 2)}\n`);
  else for (const line of textLines(report, args)) context.log.error(line);
  const { blockers, actionable_warnings, contextual_warnings } = report.summary;
  const warned = actionable_warnings + contextual_warnings > 0;
  return blockers > 0 || (args.switches.has('strict') && warned) ? 3 : 0;
}

function withBinaries(plan: CachePlan, args: Arguments): CachePlan {
  const tools = ['enroot', 'apptainer', 'singularity'] as const;
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
