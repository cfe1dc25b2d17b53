// The shell texts of specs in `lint`: HX003 by `bash -n`, HX004 by ShellCheck where it is on PATH. Nothing is executed; where a
// tool is missing, nothing is said.
import { runProcess } from '../core/process.ts';
import { createShellChecker } from '../core/shellCheck.ts';
import type { JudgedFile } from '../load/judgeFile.ts';
import { checkableScripts, findStyleProblems, findSyntaxErrors } from '../load/shellFindings.ts';
import type { Finding } from '../model/finding.ts';
import { applySuppressions, COMMENT_MARK } from '../spec/lint/suppress.ts';
import { parseYaml } from '../spec/parse.ts';
import type { CommandContext } from './command.ts';
import { asStdinFinding, type SpecInput } from './specInputs.ts';

/** A judged spec with what shells say of it. */
export type ShellLint = (input: SpecInput, judged: JudgedFile) => Promise<JudgedFile>;

const CODES = ['HX003', 'HX004'];
const TOOLS = { bash: 'bash', shellcheck: 'shellcheck' };

/** One memory for all specs of a run. A signal ends the command at once: shells that only read end by themselves. */
export function createShellLint({ env, log }: CommandContext): ShellLint {
  const checker = createShellChecker({ run: runProcess, env });
  return async (input, judged) => {
    const source = judged.textOf(input.path);
    if (source === undefined) return judged;
    const look = { checker, tools: TOOLS, signal: new AbortController().signal };
    try {
      const scripts = await checkableScripts(judged.judgement?.resolved, input.path, source);
      const found = [...(await findSyntaxErrors(scripts, look)), ...(await findStyleProblems(scripts, look))];
      const left = suppressed(found, input.path, source);
      const shown = left.map((finding) => (input.isStdin ? asStdinFinding(finding, input.path) : finding));
      return { ...judged, findings: inOrder([...judged.findings, ...shown]) };
    } catch (error) {
      log.debug(`shell texts of ${input.shown} were not checked: ${String(error)}`);
      return judged;
    }
  };
}

function suppressed(found: readonly Finding[], file: string, source: string): Finding[] {
  if (!source.includes(COMMENT_MARK)) return [...found];
  const { root } = parseYaml(source, file);
  return applySuppressions(source, file, root, found, (code) => CODES.includes(code));
}

/** By place in the text, as the findings of the text are. */
function inOrder(findings: readonly Finding[]): Finding[] {
  const file = findings[0]?.span.file;
  const rank = ({ span }: Finding) => (span.file === file ? span.start : Number.MAX_SAFE_INTEGER);
  return findings.toSorted((a, b) => rank(a) - rank(b));
}
