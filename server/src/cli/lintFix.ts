// Applies the fixes of one spec: edits from last to first, judged again before anything is written, so that the new text means
// the same; where it would not, nothing is written and a note says why.
import { renameSync, statSync, writeFileSync, chmodSync } from 'node:fs';
import { realpathSync } from 'node:fs';
import type { JudgedFile } from '../load/judgeFile.ts';
import type { Finding, FindingFix } from '../model/finding.ts';
import { valueOf } from '../spec/node.ts';
import { readDependencies } from '../spec/rules/dependsOn.ts';
import type { SpecInput } from './specInputs.ts';
import { lineDiff } from './lineDiff.ts';

export interface AppliedFix {
  readonly finding: Finding;
  readonly target: string;
}

export interface FixedSpec {
  readonly applied: readonly AppliedFix[];
  /** The file judged with its new text; absent in a dry run, or when nothing changed. */
  readonly after?: JudgedFile;
  readonly diff: string;
  readonly notes: readonly string[];
}

type Edit = FindingFix['edits'][number];

export function fixSpec(input: SpecInput, judged: JudgedFile, dryRun: boolean): FixedSpec {
  const text = judged.textOf(input.path) ?? '';
  const wanted = (judged.judgement?.lint ?? []).filter(({ code }) => code === 'HPC006');
  const fixable = wanted.filter((finding) => editsIn(finding, input.path).length > 0);
  const notes = wanted.filter((finding) => !fixable.includes(finding)).map(noteOf);
  const edits = uniqueEdits(fixable.flatMap((finding) => editsIn(finding, input.path)));
  const changed = applyEdits(text, edits);
  if (changed === text) return { applied: [], diff: '', notes };
  const after = input.judge(changed);
  if (!meansTheSame(judged, after))
    return {
      applied: [],
      diff: '',
      notes: [...notes, 'The fixes would change what the spec means; nothing was written.'],
    };
  const applied = fixable.map((finding) => ({ finding, target: targetOf(finding) }));
  const diff = lineDiff(text, changed, input.shown);
  if (dryRun) return { applied, diff, notes };
  if (input.isStdin)
    return {
      applied,
      diff,
      after,
      notes: [...notes, 'Standard input cannot be written; the changes are shown only.'],
    };
  writeKeepingMode(input.path, changed);
  return { applied, after, diff: '', notes };
}

function editsIn(finding: Finding, path: string): readonly Edit[] {
  const fix = finding.fixes?.find(({ preservesMeaning }) => preservesMeaning);
  const edits = fix?.edits ?? [];
  return edits.every(({ span }) => span.file === path) ? edits : [];
}

function noteOf(finding: Finding): string {
  return `${finding.span.file}: the condition of ${finding.field ?? ''} was left to you: its text cannot be changed safely`;
}

function targetOf({ field = '', service = '' }: Finding): string {
  return field.slice(`services.${service}.depends_on.`.length);
}

/** Findings of one list carry the same edits. */
function uniqueEdits(edits: readonly Edit[]): Edit[] {
  const byPlace = new Map(edits.map((edit) => [`${edit.span.start}-${edit.span.end}`, edit]));
  return [...byPlace.values()].toSorted((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
}

function applyEdits(text: string, edits: readonly Edit[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const { span, newText } of edits) {
    parts.push(text.slice(at, span.start), newText);
    at = span.end;
  }
  return parts.join('') + text.slice(at);
}

/** The same verdict, the same services, and the same dependencies of each. */
function meansTheSame(before: JudgedFile, after: JudgedFile): boolean {
  return after.judgement?.valid === true && edgesOf(before) === edgesOf(after);
}

function edgesOf({ judgement }: JudgedFile): string {
  const services = valueOf(judgement?.resolved?.root, 'services');
  const pairs = services?.kind === 'map' ? services.pairs : [];
  const edges = pairs.map(({ key, value }) => {
    const list = readDependencies({ node: value, field: '' }, () => undefined);
    return [key.value, list.map(({ target, condition }) => `${target} ${condition ?? ''}`).sort()];
  });
  return JSON.stringify(edges);
}

/** Beside the file first, then in its place: a reader never sees half a spec. Links are followed. */
function writeKeepingMode(path: string, text: string): void {
  const target = realpathSync(path);
  const temporary = `${target}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { flag: 'wx' });
  chmodSync(temporary, statSync(target).mode & 0o7777);
  renameSync(temporary, target);
}
