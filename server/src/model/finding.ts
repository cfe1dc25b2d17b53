// What a check says about a place in a file. Findings are values; only the doors turn them into diagnostics or JSON.

/** A half-open range of UTF-16 code units in one file. `file` is an absolute path, or the document's URI when it has no path. */
export interface Span {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

export type Severity = 'error' | 'warning' | 'information' | 'hint';

/** A second place that explains a finding: the other end of a cycle, the first of two duplicates. */
export interface RelatedPlace {
  readonly span: Span;
  readonly message: string;
}

/** A replacement of text that mends a finding. */
export interface FindingFix {
  readonly title: string;
  readonly edits: readonly { readonly span: Span; readonly newText: string }[];
  /** True when the edit cannot change what the spec means: such fixes take part in "fix all". */
  readonly preservesMeaning?: boolean;
  readonly preferred?: boolean;
}

/** One finding. `code` is public API: R001..R171, HPC001..HPC900, RC001.., HX001... */
export interface Finding {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly span: Span;
  /** Dotted path of the key it is about, as hpc-compose writes it, e.g. `services.app.image`. */
  readonly field?: string;
  readonly service?: string;
  readonly recommendation?: string;
  readonly related?: readonly RelatedPlace[];
  readonly fixes?: readonly FindingFix[];
  /** hpc-compose's own code for the same problem, where it has one. */
  readonly upstreamCode?: string;
  /** Codes of findings that only follow from this one and are not shown. */
  readonly suppressed?: readonly string[];
  /** Greys the text out in the editor (never for keys we merely do not know under `x-…`). */
  readonly unnecessary?: boolean;
}

/** True for the rules that decide the verdict: R rules, and nothing else. */
export function decidesVerdict(finding: Finding): boolean {
  return /^R\d/.test(finding.code) && finding.severity === 'error';
}
