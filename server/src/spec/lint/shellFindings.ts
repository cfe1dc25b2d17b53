// HX003, HX004: what shells and ShellCheck say about the shell texts of a spec, at the places where they are written.
import type { Finding, FindingFix } from '../../model/finding.ts';
import { findingOf } from '../rules/finding.ts';
import { readBashOutput } from './shellSyntax.ts';
import { readShellcheckOutput, type ShellRemark } from './shellcheckOutput.ts';
import type { ShellScript } from './shellScripts.ts';

/** HX003 for one text, by the output of `bash -n`. */
export function syntaxFindings(script: ShellScript, output: string): Finding[] {
  return readBashOutput(output, script.text).map(({ start, end, problem }) =>
    findingOf('HX003', { ...placeOf(script), span: script.locate(start, end), words: { problem } }),
  );
}

/** HX004 for one text, by the output of ShellCheck. */
export function styleFindings(script: ShellScript, output: string): Finding[] {
  return readShellcheckOutput(output, script.text).map((remark) =>
    findingOf('HX004', {
      ...placeOf(script),
      span: script.locate(remark.start, remark.end),
      severity: remark.severity,
      words: { number: remark.number, problem: remark.problem },
      fixes: fixOf(script, remark),
    }),
  );
}

function placeOf({ field, service }: ShellScript): { field: string; service?: string } {
  return service === undefined ? { field } : { field, service };
}

/** Only in block scalars: elsewhere the new text may need quotes of YAML's own. */
function fixOf(script: ShellScript, { number, edits }: ShellRemark): FindingFix[] {
  if (!script.isVerbatim || edits.length === 0 || edits.some(({ newText }) => newText.includes('\n')))
    return [];
  return [
    {
      title: `Mend SC${number} as ShellCheck proposes`,
      edits: edits.map(({ start, end, newText }) => ({ span: spanOf(script, start, end), newText })),
    },
  ];
}

/** An empty range is a place to put text in: before the character there, or behind the last one. */
function spanOf({ locate, text }: ShellScript, start: number, end: number) {
  if (start < end) return locate(start, end);
  const before = start < text.length;
  const { file, ...span } = before ? locate(start, start + 1) : locate(start - 1, start);
  const at = before ? span.start : span.end;
  return { file, start: at, end: at };
}
