// Turns a rule of the catalogue and the words of one case into a finding.
import type { Finding, FindingFix, RelatedPlace, Severity, Span } from '../../model/finding.ts';
import { RULES, type RuleCode } from './catalogue.ts';

export interface Case {
  readonly span: Span;
  /** Which message of the rule; `main` when absent. */
  readonly variant?: string;
  /** Words for the places of the message. `field` and `service` are filled in by themselves. */
  readonly words?: Readonly<Record<string, string | number | bigint>>;
  readonly field?: string;
  readonly service?: string;
  /** One more sentence for the reader, instead of the rule's usual advice. */
  readonly advice?: string;
  readonly severity?: Severity;
  readonly related?: readonly RelatedPlace[];
  readonly fixes?: readonly FindingFix[];
}

/** One finding of a rule. Throws when the rule has no such message: a bug. */
export function findingOf(code: RuleCode, found: Case): Finding {
  const rule = RULES[code];
  const template = rule.messages[found.variant ?? 'main'];
  if (template === undefined) throw new Error(`${code} has no message '${found.variant ?? 'main'}'`);
  const words = { field: found.field ?? '', service: found.service ?? '', ...found.words };
  const advice = adviceOf(found.advice, rule.advice, words);
  return {
    code,
    severity: found.severity ?? rule.severity,
    message: fillRule(template, words),
    span: found.span,
    ...(found.field === undefined ? {} : { field: found.field }),
    ...(found.service === undefined ? {} : { service: found.service }),
    ...(advice === undefined ? {} : { recommendation: advice }),
    ...(found.related?.length ? { related: found.related } : {}),
    ...(found.fixes?.length ? { fixes: found.fixes } : {}),
    ...(rule.upstreamCode === undefined ? {} : { upstreamCode: rule.upstreamCode }),
  };
}

function adviceOf(own: string | undefined, usual: string | undefined, words: Words): string | undefined {
  if (own !== undefined) return fillPieces(piecesOf(own), words);
  return usual === undefined ? undefined : fillRule(usual, words);
}

const LONGEST_VALUE = 60;

/** A value as messages show it: quoted, control characters made visible, cut at 60 characters. */
export function quoted(value: string): string {
  const cut = value.length > LONGEST_VALUE ? `${value.slice(0, LONGEST_VALUE)}…` : value;
  return `'${cut.replace(/[\u0000-\u001f\u007f]/g, (character) => JSON.stringify(character).slice(1, -1))}'`;
}

/** `1 node`, `3 nodes`. */
export function counted(count: number | bigint, noun: string): string {
  return `${count} ${noun}${Number(count) === 1 ? '' : 's'}`;
}

type Words = Readonly<Record<string, string | number | bigint>>;

/** Templates of rules in pieces; advice of a single case is not kept: there is no end of it. */
const known = new Map<string, readonly string[]>();

function fillRule(template: string, words: Words): string {
  let pieces = known.get(template);
  if (!pieces) known.set(template, (pieces = piecesOf(template)));
  return fillPieces(pieces, words);
}

/** Text and names of words in turn. */
function piecesOf(template: string): readonly string[] {
  return template.split(/\{(\w+)\}/);
}

function fillPieces(pieces: readonly string[], words: Words): string {
  let [filled = ''] = pieces;
  for (let index = 1; index < pieces.length; index += 2) {
    const name = pieces[index] ?? '';
    filled += (name in words ? String(words[name]) : `{${name}}`) + (pieces[index + 1] ?? '');
  }
  return filled;
}
