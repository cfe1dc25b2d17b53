// `lint`: findings of valid specs, and `--fix`, which writes assumed conditions and keeps every other byte. Spec contract,
// section 11; interfaces, section 4.
import type { JudgedFile } from '../load/judgeFile.ts';
import type { Finding } from '../model/finding.ts';
import { applySeverities, type SeverityChoice } from '../spec/lint/severity.ts';
import { formatOf, UsageError, type Arguments, type CommandContext } from './command.ts';
import { countText, findingText, jsonText, originOf, rangeOf } from './findingOutput.ts';
import { fixSpec, type AppliedFix, type FixedSpec } from './lintFix.ts';
import { readSeverities } from './severities.ts';
import { createShellLint, type ShellLint } from './lintShell.ts';
import { readSpecInputs, type SpecInput } from './specInputs.ts';
import { exitOf } from './specExit.ts';
import { invalidJson, sayInvalid } from './validate.ts';

const LINT_EXIT = 4;

interface LintRun {
  readonly context: CommandContext;
  readonly json: boolean;
  readonly isOnly: boolean;
  readonly allowWarnings: boolean;
  readonly strict: boolean;
  readonly fix: boolean;
  readonly dryRun: boolean;
  readonly severities: (path: string) => Readonly<Record<string, SeverityChoice>>;
  readonly checkShell: ShellLint;
}

/** Gives 0, 4 for findings, or the exit code of invalid specs; the highest of all files. */
export async function runLint(context: CommandContext, args: Arguments): Promise<number> {
  const inputs = await readSpecInputs(context, args);
  const run: LintRun = {
    context,
    json: formatOf(args) === 'json',
    isOnly: inputs.length === 1,
    allowWarnings: args.switches.has('allow-warnings'),
    strict: args.switches.has('strict'),
    fix: args.switches.has('fix'),
    dryRun: args.switches.has('dry-run'),
    severities: readSeverities(args.values.severity ?? []),
    checkShell: createShellLint(context),
  };
  if (run.dryRun && !run.fix) throw new UsageError('--dry-run needs --fix');
  let exit = 0;
  for (const input of inputs) {
    exit = Math.max(exit, await lintOne(input, run));
  }
  return exit;
}

async function lintOne(input: SpecInput, run: LintRun): Promise<number> {
  const judged = input.judge();
  const invalid = exitOf(judged.findings);
  if (invalid !== 0 || !judged.judgement) {
    if (run.json) for (const piece of invalidJson(input, judged, run.isOnly)) await run.context.out(piece);
    else sayInvalid(input, judged, run.context);
    return invalid;
  }
  const fixed = run.fix ? fixSpec(input, judged, run.dryRun) : undefined;
  const shown = await run.checkShell(input, fixed?.after ?? judged);
  const findings = applySeverities(lintFindings(shown), run.severities(input.path));
  const fixable = lintFindings(judged).filter(isFixable).length;
  const report = { input, judged: shown, findings, fixable, fixed };
  if (run.json) await run.context.out(jsonText(lintJson(report, run), run.isOnly));
  else await writeText(report, run);
  return exitCodeOf(findings, run);
}

/** Lint findings in the order of the contract, then our own in the order of the text. */
function lintFindings({ judgement, findings }: JudgedFile): Finding[] {
  const own = findings.filter((finding) => originOf(finding) === 'extra');
  return [...(judgement?.lint ?? []), ...own];
}

function isFixable(finding: Finding): boolean {
  return finding.code === 'HPC006';
}

/** Findings that count for the exit code: own ones only with --strict, hints never. */
function counting(findings: readonly Finding[], { strict }: LintRun): Finding[] {
  return findings.filter(
    (finding) =>
      (finding.severity === 'error' || finding.severity === 'warning') &&
      (strict || originOf(finding) === 'peer'),
  );
}

function exitCodeOf(findings: readonly Finding[], run: LintRun): number {
  const counted = counting(findings, run);
  if (counted.some(({ severity }) => severity === 'error')) return LINT_EXIT;
  return counted.length > 0 && !run.allowWarnings ? LINT_EXIT : 0;
}

interface LintReport {
  readonly input: SpecInput;
  readonly judged: JudgedFile;
  readonly findings: readonly Finding[];
  readonly fixable: number;
  readonly fixed: FixedSpec | undefined;
}

function lintJson({ input, judged, findings, fixable, fixed }: LintReport, run: LintRun): object {
  const counted = counting(findings, run);
  const count = (severity: string) => counted.filter((finding) => finding.severity === severity).length;
  return {
    schema_version: 1,
    passed: exitCodeOf(findings, run) === 0,
    compose_file: input.shown,
    warning_count: count('warning'),
    error_count: count('error'),
    fixable_count: fixable,
    findings: findings.map((finding) => lintFindingJson(finding, judged)),
    ...(fixed ? { applied_fixes: fixed.applied.map(appliedJson) } : {}),
  };
}

function lintFindingJson(finding: Finding, { textOf }: JudgedFile): object {
  const { service, field = '' } = finding;
  const dependency = field.slice(`services.${service ?? ''}.depends_on.`.length);
  return {
    level: finding.severity,
    code: finding.code,
    message: finding.message,
    ...(service === undefined ? {} : { service }),
    ...(finding.field === undefined ? {} : { field: finding.field }),
    ...(finding.recommendation === undefined ? {} : { recommendation: finding.recommendation }),
    ...(isFixable(finding)
      ? { fix: { kind: 'depends_on_condition', service, dependency, condition: 'service_started' } }
      : {}),
    file: finding.span.file,
    range: rangeOf(finding, textOf),
    origin: originOf(finding),
  };
}

function appliedJson({ finding, target }: AppliedFix): object {
  return {
    code: finding.code,
    service: finding.service,
    field: finding.field,
    description: `wrote the condition of the dependency on ${target}: service_started`,
  };
}

async function writeText({ input, judged, findings, fixed }: LintReport, run: LintRun): Promise<void> {
  const { context } = run;
  const lines = findings.map((finding) => `${findingText(finding, judged.textOf)}\n`);
  if (fixed?.diff) lines.push(run.dryRun ? `Proposed changes (--dry-run):\n${fixed.diff}` : fixed.diff);
  for (const note of fixed?.notes ?? []) context.say(note);
  const counted = counting(findings, run);
  const where = run.isOnly ? '' : `${input.shown}: `;
  if (counted.length === 0) lines.push(`${where}spec passed lint`);
  else if (exitCodeOf(findings, run) === 0) lines.push(`${where}lint passed with allowed warnings`);
  await context.out(`${lines.join('\n')}\n`);
  if (exitCodeOf(findings, run) !== 0)
    context.log.error(`${where}lint found ${countText(counted)}; --allow-warnings lets warnings pass`);
}
