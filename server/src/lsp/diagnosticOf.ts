// Findings -> LSP diagnostics. The editor shows the message with its advice; everything else travels in `data`.
import {
  DiagnosticSeverity,
  DiagnosticTag,
  type Diagnostic,
  type DiagnosticRelatedInformation,
  type Range,
} from 'vscode-languageserver';
import { URI } from 'vscode-uri';
import type { Finding, Severity, Span } from '../model/finding.ts';
import { ruleOf } from '../spec/rules/catalogue.ts';
import type { EditedText } from './editedText.ts';

const SEVERITIES: Readonly<Record<Severity, DiagnosticSeverity>> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Hint,
};

/** What a diagnostic carries for code actions and other tools (interfaces, section 1). */
export interface DiagnosticData {
  readonly name: string;
  readonly field?: string;
  readonly service?: string;
  readonly recommendation?: string;
  readonly upstreamCode?: string;
  readonly suppressed?: readonly string[];
}

/** Where findings are shown. */
export interface Shown {
  readonly uri: string;
  readonly path: string;
  readonly text: Pick<EditedText, 'positionAt'>;
  /** Where a finding of another file is shown here. */
  readonly standIn: (file: string) => Span | undefined;
  /** Template of a documentation link with `{code}`. */
  readonly docs?: string;
}

/** The diagnostic of a finding in `shown`. */
export function diagnosticOf(finding: Finding, shown: Shown): Diagnostic {
  const related = (finding.related ?? []).map((place) => relatedInformation(place, shown));
  if (finding.span.file !== shown.path) related.unshift(relatedInformation(finding, shown));
  return {
    range: rangeOf(spanHere(finding.span, shown), shown),
    severity: SEVERITIES[finding.severity],
    source: 'hpc-compose',
    code: finding.code,
    message: finding.recommendation ? `${finding.message}\n${finding.recommendation}` : finding.message,
    data: dataOf(finding),
    ...(shown.docs ? { codeDescription: { href: shown.docs.replace('{code}', finding.code) } } : {}),
    ...(related.length > 0 ? { relatedInformation: related } : {}),
    ...(finding.unnecessary ? { tags: [DiagnosticTag.Unnecessary] } : {}),
  };
}

function dataOf(finding: Finding): DiagnosticData {
  const { field, service, recommendation, upstreamCode, suppressed } = finding;
  return {
    name: ruleOf(finding.code)?.name ?? finding.code,
    ...(field === undefined ? {} : { field }),
    ...(service === undefined ? {} : { service }),
    ...(recommendation === undefined ? {} : { recommendation }),
    ...(upstreamCode === undefined ? {} : { upstreamCode }),
    ...(suppressed === undefined ? {} : { suppressed }),
  };
}

function spanHere(span: Span, shown: Shown): Span {
  return span.file === shown.path ? span : (shown.standIn(span.file) ?? span);
}

/** The range of a span; a span in another file is shown at the start of this one. */
export function rangeOf(span: Span, shown: Pick<Shown, 'path' | 'text'>): Range {
  if (span.file !== shown.path) return { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
  return { start: shown.text.positionAt(span.start), end: shown.text.positionAt(span.end) };
}

function relatedInformation(
  place: { readonly span: Span; readonly message: string },
  shown: Shown,
): DiagnosticRelatedInformation {
  const here = place.span.file === shown.path;
  return {
    message: place.message,
    location: { uri: here ? shown.uri : uriOf(place.span.file), range: rangeOf(place.span, shown) },
  };
}

function uriOf(file: string): string {
  return file.startsWith('/') || /^[A-Za-z]:[\\/]/.test(file) ? URI.file(file).toString() : file;
}
