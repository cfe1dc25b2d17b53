// Interpolates the strings of a located tree by a table of fields. Works on any block (one service, one root key), so that
// the incremental engine can call it per block; unchanged nodes are the very same values.
import type { Finding, Severity, Span } from '../model/finding.ts';
import { interpolate, type InterpolationIssue, type Lookup } from './interpolate.ts';
import type { FieldRule } from './interpolatedFields.ts';
import type { MapNode, Pair, ScalarNode, SeqNode, SpecNode } from './node.ts';
import { findingOf } from './rules/finding.ts';
import { placesInScalar } from './scalarPlaces.ts';

export interface InterpolationScope {
  readonly lookup: Lookup;
  /** The text of a file that a span points into, for exact places; undefined: the whole scalar is the place. */
  readonly textOf: (file: string) => string | undefined;
  /** Severity of R060: a warning where variables cannot be known (interfaces, section 1). */
  readonly missingSeverity?: Severity;
  /** True for a name of which no more can be said: not reported, its value stays unresolved. */
  readonly isUnknowable?: (name: string) => boolean;
  /** A name to suggest for a missing one. */
  readonly suggest?: (name: string) => string | undefined;
}

/** A default that stood in for an unset variable, where it stands. */
export interface DefaultedVariable {
  readonly name: string;
  readonly finding: Finding;
}

export interface InterpolatedNode<N extends SpecNode = SpecNode> {
  readonly node: N;
  readonly findings: readonly Finding[];
  /** One R170 finding for each default used; they count only in strict-env mode. */
  readonly defaulted: readonly DefaultedVariable[];
}

/** Interpolates `node` by `rule`. `field` is its dotted path; `service` its service, if any. */
export function interpolateNode(
  node: SpecNode,
  rule: FieldRule,
  scope: InterpolationScope,
  field = '',
  service?: string,
): InterpolatedNode {
  const walk = new NodeWalk(scope, service);
  return { node: walk.visit(node, rule, field), findings: walk.findings, defaulted: walk.defaulted };
}

class NodeWalk {
  readonly findings: Finding[] = [];
  readonly defaulted: DefaultedVariable[] = [];
  private readonly scope: InterpolationScope;
  private readonly service: string | undefined;

  constructor(scope: InterpolationScope, service: string | undefined) {
    this.scope = scope;
    this.service = service;
  }

  visit(node: SpecNode, rule: FieldRule, field: string): SpecNode {
    if (node.kind === 'scalar') return this.scalar(node, rule, field);
    return node.kind === 'seq' ? this.seq(node, rule, field) : this.map(node, rule, field);
  }

  private seq(node: SeqNode, rule: FieldRule, field: string): SpecNode {
    const itemRule = rule.items;
    if (!itemRule) return node;
    const items = changed(node.items, (item, index) => this.visit(item, itemRule, `${field}[${index}]`));
    return items === node.items ? node : { ...node, items };
  }

  private map(node: MapNode, rule: FieldRule, field: string): SpecNode {
    if (!rule.keys && !rule.values) return node;
    const pairs = changed(node.pairs, (pair) => this.pair(pair, rule, field));
    return pairs === node.pairs ? node : { ...node, pairs };
  }

  private pair(pair: Pair, rule: FieldRule, field: string): Pair {
    const name = String(pair.key.value);
    const valueRule = (Object.hasOwn(rule.keys ?? {}, name) ? rule.keys?.[name] : undefined) ?? rule.values;
    if (!valueRule) return pair;
    const value = this.visit(pair.value, valueRule, field === '' ? name : `${field}.${name}`);
    return value === pair.value ? pair : { key: pair.key, value };
  }

  private scalar(node: ScalarNode, rule: FieldRule, field: string): SpecNode {
    if (typeof node.value !== 'string') return node;
    if (rule.entry) return this.entry(node, node.value, field);
    if (!rule.text || !node.value.includes('$')) return node;
    return this.replace(node, node.value, 0, this.lookupFor(rule), field);
  }

  private entry(node: ScalarNode, text: string, field: string): SpecNode {
    const cut = text.indexOf('=');
    if (cut >= 0)
      return text.includes('$') ? this.replace(node, text, cut + 1, this.scope.lookup, field) : node;
    this.findings.push(findingOf('R067', { ...this.about(field), span: node.span }));
    return node;
  }

  private replace(node: ScalarNode, text: string, from: number, lookup: Lookup, field: string): SpecNode {
    const result = interpolate(text.slice(from), lookup);
    const placeOf = this.placesIn(node);
    for (const issue of result.issues) this.report(node, issue, from, field, placeOf);
    for (const { name, start, end } of result.defaults) {
      const about = { ...this.about(field), words: { name } };
      let finding: Finding | undefined;
      this.defaulted.push({
        name,
        // Few ask: a text may hold thousands of defaults, each with a place to be found.
        get finding() {
          return (finding ??= findingOf('R170', { ...about, span: placeOf(start + from, end + from) }));
        },
      });
    }
    if (result.issues.length > 0) return { ...node, unresolved: true };
    const value = text.slice(0, from) + result.value;
    return value === text ? node : { ...node, value, raw: text };
  }

  private report(
    node: ScalarNode,
    issue: InterpolationIssue,
    from: number,
    field: string,
    placeOf: (start: number, end: number) => Span,
  ): void {
    if (issue.name !== undefined && this.scope.isUnknowable?.(issue.name)) return;
    const span = placeOf(issue.start + from, issue.end + from);
    const severity = issue.code === 'R060' ? this.scope.missingSeverity : undefined;
    const advice = this.adviceFor(issue);
    this.findings.push(
      findingOf(issue.code, {
        ...this.about(field),
        ...wordsFor(issue, String(node.value).slice(from)),
        span,
        ...(severity === undefined ? {} : { severity }),
        ...(advice === undefined ? {} : { advice }),
      }),
    );
  }

  private adviceFor({ code, name }: InterpolationIssue): string | undefined {
    if (name === undefined) return undefined;
    const ways = `Set ${name} in the environment, in .env beside the spec, or in the settings`;
    if (code === 'R061') return `${ways}.`;
    const suggestion = this.scope.suggest?.(name);
    const question = suggestion === undefined ? '' : `Did you mean ${suggestion}? `;
    return `${question}${ways}, or give a default: \${${name}:-value}.`;
  }

  private placesIn(node: ScalarNode): (start: number, end: number) => Span {
    const text = this.scope.textOf(node.span.file);
    return text === undefined ? () => node.span : placesInScalar(node, text);
  }

  private about(field: string): { field: string; service?: string } {
    return this.service === undefined ? { field } : { field, service: this.service };
  }

  private lookupFor(rule: FieldRule): Lookup {
    if (!rule.keepsJobId) return this.scope.lookup;
    return (name) => (name === 'SLURM_JOB_ID' ? '${SLURM_JOB_ID}' : this.scope.lookup(name));
  }
}

/** The list with each item replaced; the very same list where nothing changes, as in nearly all. */
function changed<T>(list: readonly T[], replace: (item: T, index: number) => T): readonly T[] {
  let copy: T[] | undefined;
  for (let index = 0; index < list.length; index += 1) {
    const item = list[index] as T;
    const now = replace(item, index);
    if (now !== item) copy ??= list.slice();
    if (copy) copy[index] = now;
  }
  return copy ?? list;
}

const LONGEST_EXPRESSION = 60;

function wordsFor(
  { name = '', reason, start, end }: InterpolationIssue,
  text: string,
): { variant?: string; words: Record<string, string> } {
  if (reason !== undefined) {
    return typeof reason === 'string'
      ? { variant: reason, words: { name } }
      : { words: { name, text: reason.text } };
  }
  const written = text.slice(start, end);
  const cut = written.length > LONGEST_EXPRESSION;
  return { words: { name, expression: cut ? `${written.slice(0, LONGEST_EXPRESSION)}…` : written } };
}
