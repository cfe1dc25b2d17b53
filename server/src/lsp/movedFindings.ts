// Findings that were made for an earlier text, moved along with the edits since: what an edit touches is dropped.
import type { Finding, FindingFix, RelatedPlace, Span } from '../model/finding.ts';
import type { TextEdit } from './editedText.ts';

/** The findings of `file` where they stand after the edits, each of which counts from the text that the one before it left. */
export function moveFindings(
  findings: readonly Finding[],
  edits: readonly TextEdit[],
  file: string,
): readonly Finding[] {
  return findings.flatMap((finding) => {
    const span = moveSpan(finding.span, edits, file);
    if (!span) return [];
    const related = finding.related?.map((place): RelatedPlace => {
      const moved = moveSpan(place.span, edits, file);
      return { ...place, span: moved ?? span };
    });
    const fixes = finding.fixes?.flatMap((fix) => moveFix(fix, edits, file));
    return [{ ...finding, span, ...(related ? { related } : {}), ...(fixes ? { fixes } : {}) }];
  });
}

function moveFix(fix: FindingFix, edits: readonly TextEdit[], file: string): FindingFix[] {
  const moved = fix.edits.flatMap((edit) => {
    const span = moveSpan(edit.span, edits, file);
    return span ? [{ ...edit, span }] : [];
  });
  return moved.length === fix.edits.length ? [{ ...fix, edits: moved }] : [];
}

function moveSpan(span: Span, edits: readonly TextEdit[], file: string): Span | undefined {
  if (span.file !== file) return span;
  let { start, end } = span;
  for (const edit of edits) {
    if (edit.start > end) continue;
    if (edit.end >= start) return undefined;
    const by = edit.length - (edit.end - edit.start);
    start += by;
    end += by;
  }
  return { file, start, end };
}
