// Loads the spec that a command line names, and says every finding when it cannot be used.
import { readFileSync } from 'node:fs';
import { loadPlan, type LoadedPlan } from '../load/loadPlan.ts';
import { SpecFailure } from '../load/specFailure.ts';
import { decidesVerdict, type Finding } from '../model/finding.ts';
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

function lineAt(file: string, offset: number): number {
  try {
    return readFileSync(file, 'utf8').slice(0, offset).split('\n').length;
  } catch {
    return 1;
  }
}
