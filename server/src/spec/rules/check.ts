// What every check of a block is given and gives back: a sink that turns cases into findings of one scope.
import type { Finding, Span } from '../../model/finding.ts';
import type { Parsed, Problem } from '../grammar/parsed.ts';
import { isBlank, lineBreakIn } from '../grammar/text.ts';
import type { RuleCode } from './catalogue.ts';
import { findingOf, quoted, type Case } from './finding.ts';
import type { RootfsRuleSettings } from './rootfsCache.ts';
import { bigCount, keySpan, partSpan, text, valueSpan, type Place } from './place.ts';

export type Backend = 'pyxis' | 'apptainer' | 'singularity' | 'host';

/** What a block must know of the rest of the world. All of it may stay unknown. */
export interface RuleContext {
  /** `runtime.backend` of the whole spec; undefined when it is not one of the four: rules about it stay silent. */
  readonly backend: Backend | undefined;
  /** The text of a file, for places inside scalars. */
  readonly textOf: (file: string) => string | undefined;
  /** Tells the order of two places; absent: by their offsets. */
  readonly isBefore?: (a: Span, b: Span) => boolean;
  /** Settings of the rootfs cache (RC rules); undefined when they are not known. */
  readonly rootfsCache?: RootfsRuleSettings;
  /** Resource profiles of the settings (R068); undefined when settings are not known. */
  readonly resourceProfiles?: ReadonlyMap<string, Readonly<Record<string, string | number>>>;
}

export class Sink {
  readonly findings: Finding[] = [];
  readonly context: RuleContext;
  private readonly service: string | undefined;

  constructor(context: RuleContext, service?: string) {
    this.context = context;
    this.service = service;
  }

  /** A finding on the value of a place. */
  value(code: RuleCode, place: Place, found: Partial<Case> = {}): void {
    this.at(code, place, valueSpan(place), found);
  }

  /** A finding on the key of a place. */
  key(code: RuleCode, place: Place, found: Partial<Case> = {}): void {
    this.at(code, place, keySpan(place), found);
  }

  /** A finding on the wrong part of a text, as its grammar tells. */
  problem(code: RuleCode, place: Place, problem: Problem, found: Partial<Case> = {}): void {
    const words = { value: quoted(text(place) ?? ''), problem: problem.problem, ...found.words };
    this.at(code, place, partSpan(place, problem.at, this.context.textOf), { ...found, words });
  }

  /** Checks a text by a grammar; gives its meaning. */
  grammar<T>(
    code: RuleCode,
    place: Place | undefined,
    parse: (text: string) => Parsed<T>,
    found: Partial<Case> = {},
  ): T | undefined {
    const value = text(place);
    if (place === undefined || value === undefined) return undefined;
    const result = parse(value);
    if (result.ok) return result.value;
    this.problem(code, place, result, found);
    return undefined;
  }

  /** The one of two places that stands later: the second of two keys that exclude each other. */
  laterOf<P extends Place>(a: P, b: P): P {
    return this.isBefore(keySpan(a), keySpan(b)) ? b : a;
  }

  /** True when the first place stands before the other one; of two files the order of their names decides. */
  isBefore(a: Span, b: Span): boolean {
    if (this.context.isBefore) return this.context.isBefore(a, b);
    return a.file === b.file ? a.start < b.start : a.file < b.file;
  }

  at(code: RuleCode, place: Place, span: Span, found: Partial<Case> = {}): void {
    const service = this.service === undefined ? {} : { service: this.service };
    this.findings.push(findingOf(code, { field: place.field, ...service, ...found, span }));
  }

  /** A count that must not be 0. `variant` is the message of the rule for it. */
  atLeastOne(code: RuleCode, place: Place | undefined, variant = 'atLeastOne'): void {
    if (place && bigCount(place) === 0) this.value(code, place, { variant });
  }

  /** A text of one line: no LF, CR or NUL. */
  lineSafe(code: RuleCode, place: Place | undefined, variant = 'main'): void {
    const character = lineBreakIn(text(place) ?? '');
    if (place && character) this.value(code, place, { variant, words: { character } });
  }

  /** A text that must hold more than white space; true when it does, or when that is not known. */
  notBlank(code: RuleCode, place: Place | undefined, variant = 'empty'): boolean {
    const value = text(place);
    if (place === undefined || value === undefined || !isBlank(value)) return true;
    this.value(code, place, { variant });
    return false;
  }
}
