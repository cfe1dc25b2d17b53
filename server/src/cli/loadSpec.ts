// Loads the spec that a command line names, and says every finding when it cannot be used.
import { readFileSync } from 'node:fs';
import { runProcess } from '../core/process.ts';
import { detectTool } from '../core/toolVersion.ts';
import { loadPlan, type LoadedPlan } from '../load/loadPlan.ts';
import { SpecFailure } from '../load/specFailure.ts';
import { decidesVerdict, type Finding } from '../model/finding.ts';
import type { CachePlan } from '../model/plan.ts';
import { loadOptions } from './cacheTarget.ts';
import { UsageError, type Arguments, type CommandContext } from './command.ts';

/** The plan of `-f FILE` (or a positional path), with --profile, --settings-file and --tool-version. Throws SpecFailure. */
export async function loadSpec(context: CommandContext, args: Arguments): Promise<LoadedPlan> {
  const options = loadOptions(context, args, specPathOf(args));
  try {
    return await loadPlan(options);
  } catch (error) {
    if (error instanceof SpecFailure) sayFindings(error.findings, context);
    throw error;
  }
}

/** Says on stderr when the hpc-compose on PATH makes other keys than this plan: it would build everything again. */
export async function sayOtherVersion(plan: CachePlan, context: CommandContext): Promise<void> {
  const tool = await detectTool(context.env, runProcess, context.signal);
  if (!tool || tool.version === plan.toolVersion) return;
  context.say(
    `hint: ${tool.path} is hpc-compose ${tool.version}, these keys are of ${plan.toolVersion}: they share no image; ` +
      '--tool-version detected adopts its version',
  );
}

function specPathOf(args: Arguments): string | undefined {
  const paths = [...(args.values.file ?? []), ...args.positionals];
  if (paths.length > 1) throw new UsageError('this command takes one spec');
  return paths[0];
}

function sayFindings(findings: readonly Finding[], context: CommandContext): void {
  for (const finding of findings.filter(decidesVerdict)) {
    const { file, start } = finding.span;
    context.say(`${file}:${lineAt(file, start)}: ${finding.code}: ${finding.message}`);
  }
}

/** Text of a file, or undefined when it cannot be read. */
export function textIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function lineAt(file: string, offset: number): number {
  return (textIfThere(file) ?? '').slice(0, offset).split('\n').length;
}
