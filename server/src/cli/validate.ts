// `validate`: the verdict on specs, and every finding of an invalid one. Spec contract, section 11.
import { decidesVerdict } from '../model/finding.ts';
import type { JudgedFile } from '../load/judgeFile.ts';
import { formatOf, type Arguments, type CommandContext } from './command.ts';
import { countText, findingsJson, findingText, jsonText } from './findingOutput.ts';
import { exitOf } from './specExit.ts';
import { readSpecInputs, type SpecInput } from './specInputs.ts';

/** Gives 0 when all specs are valid, else the highest exit code of them. */
export async function runValidate(context: CommandContext, args: Arguments): Promise<number> {
  const format = formatOf(args);
  const inputs = await readSpecInputs(context, args);
  const isOnly = inputs.length === 1;
  let exit = 0;
  let output = '';
  for (const input of inputs) {
    const judged = input.judge();
    exit = Math.max(exit, exitOf(judged.findings));
    const pieces =
      format === 'json' ? verdictJson(input, judged, isOnly) : [verdictText(input, judged, isOnly, context)];
    for (const piece of pieces) {
      output += piece;
      // One write a file would cost more than the judgement of a small one, one for all would hold everything twice.
      if (output.length < 64 * 1024) continue;
      await context.out(output);
      output = '';
    }
  }
  if (output !== '') await context.out(output);
  return exit;
}

/** The object of an invalid spec as text, in pieces, for `validate` and `lint`. */
export function invalidJson(input: SpecInput, judged: JudgedFile, isOnly: boolean): Iterable<string> {
  const rest = { schema_version: 1, valid: false, compose_file: input.shown };
  return findingsJson(rest, judged.findings, judged.textOf, isOnly);
}

function verdictJson(input: SpecInput, judged: JudgedFile, isOnly: boolean): Iterable<string> {
  const { judgement } = judged;
  if (exitOf(judged.findings) !== 0 || !judgement) return invalidJson(input, judged, isOnly);
  const warnings = judgement.lint.filter(({ code }) => code === 'HPC900').map(({ message }) => message);
  const verdict = {
    schema_version: 1,
    valid: true,
    compose_file: input.shown,
    name: judgement.name,
    service_count: judgement.services.length,
    services: judgement.services,
    ...(warnings.length === 0 ? {} : { cluster_warnings: warnings }),
  };
  return [jsonText(verdict, isOnly)];
}

function verdictText(input: SpecInput, judged: JudgedFile, isOnly: boolean, context: CommandContext): string {
  if (exitOf(judged.findings) === 0) {
    for (const finding of judged.judgement?.lint ?? [])
      if (finding.code === 'HPC900') context.say(`warning: ${finding.message}`);
    return isOnly ? 'spec is valid\n' : `${input.shown}: spec is valid\n`;
  }
  sayInvalid(input, judged, context);
  return '';
}

/** Every finding that decides the verdict, with its line, on stderr. */
export function sayInvalid(input: SpecInput, judged: JudgedFile, context: CommandContext): void {
  const errors = judged.findings.filter(decidesVerdict);
  for (const finding of errors) context.log.error(`${findingText(finding, judged.textOf)}\n`);
  context.log.error(`${input.shown}: spec is invalid: ${countText(errors)}`);
}
