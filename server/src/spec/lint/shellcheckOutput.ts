// What ShellCheck says about a text (`--format json`), as places in it. Pure. Columns count code points from 1, a tab reaches
// to the next multiple of 8; places here are UTF-16 offsets.
import type { Severity } from '../../model/finding.ts';

export interface ShellRemark {
  readonly start: number;
  readonly end: number;
  /** As in SC2086. */
  readonly number: number;
  readonly problem: string;
  readonly severity: Severity;
  /** Replacements that mend it, by offset, none overlapping. */
  readonly edits: readonly { readonly start: number; readonly end: number; readonly newText: string }[];
}

interface Comment {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

interface Remark extends Comment {
  readonly level: string;
  readonly code: number;
  readonly message: string;
  readonly fix?: { readonly replacements?: readonly (Comment & { readonly replacement: string })[] } | null;
}

/** An opinion on a shell text is never louder than a warning, and matters of style are hints. */
const SEVERITIES: Readonly<Record<string, Severity>> = {
  error: 'warning',
  warning: 'information',
  info: 'hint',
  style: 'hint',
};

/** The remarks of one text; none when the output is not what ShellCheck prints. */
export function readShellcheckOutput(output: string, text: string): ShellRemark[] {
  const lines = text.split('\n');
  return remarksIn(output).map((remark) => ({
    ...rangeOf(remark, lines),
    number: remark.code,
    problem: remark.message,
    severity: SEVERITIES[remark.level] ?? 'hint',
    edits: (remark.fix?.replacements ?? []).map((each) => ({
      ...rangeOf(each, lines),
      newText: each.replacement,
    })),
  }));
}

function remarksIn(output: string): readonly Remark[] {
  try {
    const parsed: unknown = JSON.parse(output);
    return Array.isArray(parsed) ? parsed.filter(isRemark) : [];
  } catch {
    return [];
  }
}

function isRemark(value: unknown): value is Remark {
  const { line, column, code, message } = (value ?? {}) as Partial<Record<keyof Remark, unknown>>;
  return [line, column, code].every((each) => typeof each === 'number') && typeof message === 'string';
}

function rangeOf(place: Comment, lines: readonly string[]): { start: number; end: number } {
  const start = offsetOf(place.line, place.column, lines);
  return { start, end: Math.max(start, offsetOf(place.endLine, place.endColumn, lines)) };
}

function offsetOf(line: number, column: number, lines: readonly string[]): number {
  const before = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  let reached = 1;
  let length = 0;
  for (const character of lines[line - 1] ?? '') {
    if (reached >= column) break;
    reached = character === '\t' ? reached + 8 - ((reached - 1) % 8) : reached + 1;
    length += character.length;
  }
  return before + length;
}
