// The shell texts of a spec, given to `bash -n` and to ShellCheck where it is installed; for both doors.
import { restEvery } from '../core/restEvery.ts';
import type { ShellChecker, ShellTools } from '../core/shellCheck.ts';
import type { Finding } from '../model/finding.ts';
import { styleFindings, syntaxFindings } from '../spec/lint/shellFindings.ts';
import { shellScripts, type ShellScript } from '../spec/lint/shellScripts.ts';
import { needsShell } from '../spec/lint/shellSyntax.ts';
import type { ResolvedSpec } from '../spec/resolve.ts';

export interface ShellLook {
  readonly checker: ShellChecker;
  readonly tools: ShellTools;
  readonly signal: AbortSignal;
}

/** The texts of one file that a shell can have something to say about. Throws the signal's reason. */
export async function checkableScripts(
  resolved: ResolvedSpec | undefined,
  file: string,
  source: string,
  signal?: AbortSignal,
): Promise<readonly ShellScript[]> {
  if (!resolved?.root) return [];
  const { root, scope } = resolved;
  const found: ShellScript[] = [];
  const rest = restEvery();
  for (const scripts of shellScripts({ root, file, source, lookup: scope.lookup })) {
    for (const script of scripts) if (needsShell(script.text)) found.push(script);
    if (rest.isDue()) await rest.take(signal);
  }
  return found;
}

/** HX003. */
export async function findSyntaxErrors(scripts: readonly ShellScript[], look: ShellLook): Promise<Finding[]> {
  if (scripts.length === 0) return [];
  const answers = await look.checker.syntax(textsOf(scripts), look.tools, look.signal);
  return await readAnswers(scripts, answers, syntaxFindings, look.signal);
}

/** HX004: of texts without syntax errors alone, the others are told of already. */
export async function findStyleProblems(
  scripts: readonly ShellScript[],
  look: ShellLook,
): Promise<Finding[]> {
  if (scripts.length === 0) return [];
  const answers = await look.checker.syntax(textsOf(scripts), look.tools, look.signal);
  const sound = scripts.filter(({ text }) => answers.get(text)?.trim() === '');
  const remarks = await look.checker.style(textsOf(sound), look.tools, look.signal);
  return await readAnswers(sound, remarks, styleFindings, look.signal);
}

async function readAnswers(
  scripts: readonly ShellScript[],
  answers: ReadonlyMap<string, string>,
  read: (script: ShellScript, answer: string) => readonly Finding[],
  signal: AbortSignal,
): Promise<Finding[]> {
  const found: Finding[] = [];
  const rest = restEvery();
  for (const script of scripts) {
    found.push(...read(script, answers.get(script.text) ?? ''));
    if (rest.isDue()) await rest.take(signal);
  }
  return found;
}

function textsOf(scripts: readonly ShellScript[]): string[] {
  return [...new Set(scripts.map(({ text }) => text))];
}
