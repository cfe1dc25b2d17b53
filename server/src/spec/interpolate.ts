// Interpolation of one string (cache contract, section 1.5; spec contract, section 8): walks once, reports every problem
// with its place inside the string, never throws. Linear in the text, however deep defaults nest.

/** What a variable name stands for; undefined when it is not set. */
export type Lookup = (name: string) => string | undefined;

export interface InterpolationIssue {
  readonly code: 'R060' | 'R061' | 'R062' | 'R063';
  /** UTF-16 offsets of the expression in the string. */
  readonly start: number;
  readonly end: number;
  /** The variable, where the expression names one. */
  readonly name?: string;
  /** For R061: why it is missing, or the author's own words. */
  readonly reason?: 'unset' | 'empty' | { readonly text: string };
}

/** A default that stood in for a variable that is not set (the strict-env rule R170 counts these). */
export interface DefaultUse {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

export interface Interpolation {
  /** The result; expressions with an issue are left out of it. */
  readonly value: string;
  readonly issues: readonly InterpolationIssue[];
  readonly defaults: readonly DefaultUse[];
}

export type Operator = '' | ':-' | '-' | ':?' | '?';

/** One `$NAME` or `${…}` of a string, as written. */
export interface Expression {
  readonly name: string;
  readonly operator: Operator;
  readonly start: number;
  readonly end: number;
  /** Start of the operand, which ends before the closing brace. */
  readonly operandStart: number;
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const OPERATOR = /:-|:\?|-|\?/y;
const STOP = /[$}]/g;
const MESSAGE_DEPTH = 50;

/** Replaces every expression of `text`. `$$` becomes `$`; a `$` before anything else than `$`, `{` or a name stays. */
export function interpolate(text: string, lookup: Lookup): Interpolation {
  if (!text.includes('$')) return { value: text, issues: [], defaults: [] };
  return new Walk(text, lookup, 0).run();
}

/** Every expression of `text`, nested ones after the one that holds them. Malformed ones are left out. */
export function expressionsIn(text: string): Expression[] {
  const closings = matchBraces(text);
  const found: Expression[] = [];
  for (let at = text.indexOf('$'); at >= 0; at = text.indexOf('$', at)) {
    if (text[at + 1] === '$') {
      at += 2;
      continue;
    }
    const expression = text[at + 1] === '{' ? braced(text, at, closings.get(at)) : plain(text, at);
    if (expression) found.push(expression);
    at = expression ? Math.max(at + 1, expression.operandStart) : at + 1;
  }
  return found;
}

class Walk {
  private out = '';
  private readonly issues: InterpolationIssue[] = [];
  private readonly defaults: DefaultUse[] = [];
  /** Closing braces of operands that are being taken over: skipped when the walk reaches them. */
  private readonly skipped = new Set<number>();
  private readonly closings: ReadonlyMap<number, number>;
  private readonly text: string;
  private readonly lookup: Lookup;
  private readonly depth: number;

  constructor(text: string, lookup: Lookup, depth: number) {
    this.text = text;
    this.lookup = lookup;
    this.depth = depth;
    this.closings = matchBraces(text);
  }

  run(): Interpolation {
    for (let at = 0; at < this.text.length;) at = this.step(at);
    return { value: this.out, issues: this.issues, defaults: this.defaults };
  }

  private step(at: number): number {
    if (this.skipped.has(at)) return at + 1;
    if (this.text[at] !== '$') {
      const stop = this.nextStop(at + 1);
      this.out += this.text.slice(at, stop);
      return stop;
    }
    const next = this.text[at + 1];
    if (next === '$') {
      this.out += '$';
      return at + 2;
    }
    return next === '{' ? this.braced(at) : this.plain(at);
  }

  private nextStop(from: number): number {
    STOP.lastIndex = from;
    return STOP.exec(this.text)?.index ?? this.text.length;
  }

  private plain(at: number): number {
    const expression = plain(this.text, at);
    if (!expression) {
      this.out += '$';
      return at + 1;
    }
    const value = this.lookup(expression.name);
    if (value === undefined) this.missing(expression);
    else this.out += value;
    return expression.end;
  }

  private braced(at: number): number {
    const closing = this.closings.get(at);
    if (closing === undefined) {
      this.issues.push({ code: 'R063', start: at, end: this.text.length });
      return this.text.length;
    }
    const expression = braced(this.text, at, closing);
    if (expression) return this.resolve(expression, closing);
    this.issues.push({ code: 'R062', start: at, end: closing + 1 });
    return closing + 1;
  }

  private resolve(expression: Expression, closing: number): number {
    const value = this.lookup(expression.name);
    const nonEmpty = expression.operator.startsWith(':');
    if (value !== undefined && !(nonEmpty && value === '')) {
      this.out += value;
      return closing + 1;
    }
    if (expression.operator === '') this.missing(expression);
    else if (expression.operator.endsWith('?')) this.required(expression, closing, value);
    else return this.takeDefault(expression, closing, value === undefined);
    return closing + 1;
  }

  private takeDefault(
    { name, start, end, operandStart }: Expression,
    closing: number,
    unset: boolean,
  ): number {
    if (unset) this.defaults.push({ name, start, end });
    this.skipped.add(closing);
    return operandStart;
  }

  private required({ name, start, end, operandStart }: Expression, closing: number, value?: string): void {
    const text = this.messageOf(operandStart, closing);
    const reason = text ? { text } : value === undefined ? 'unset' : 'empty';
    this.issues.push({ code: 'R061', start, end, name, reason });
  }

  /** The words after `?`, themselves interpolated; what is wrong in them is reported too. */
  private messageOf(start: number, end: number): string {
    const words = this.text.slice(start, end);
    if (this.depth >= MESSAGE_DEPTH || !words.includes('$')) return words;
    const inner = new Walk(words, this.lookup, this.depth + 1).run();
    for (const issue of inner.issues) {
      this.issues.push({ ...issue, start: issue.start + start, end: issue.end + start });
    }
    return inner.issues.length > 0 ? words : inner.value;
  }

  private missing({ name, start, end }: Expression): void {
    this.issues.push({ code: 'R060', start, end, name });
  }
}

/** Positions of `${` -> position of the `}` that ends it. */
function matchBraces(text: string): ReadonlyMap<number, number> {
  const closings = new Map<number, number>();
  const open: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '}') {
      const start = open.pop();
      if (start !== undefined) closings.set(start, at);
    } else if (char === '$' && (text[at + 1] === '$' || text[at + 1] === '{')) {
      if (text[at + 1] === '{') open.push(at);
      at++;
    }
  }
  return closings;
}

function plain(text: string, at: number): Expression | undefined {
  const name = match(NAME, text, at + 1);
  if (!name) return undefined;
  const end = at + 1 + name.length;
  return { name, operator: '', start: at, end, operandStart: end };
}

function braced(text: string, at: number, closing: number | undefined): Expression | undefined {
  const name = closing === undefined ? '' : match(NAME, text, at + 2);
  if (!name || closing === undefined) return undefined;
  const nameEnd = at + 2 + name.length;
  const operator = nameEnd === closing ? '' : match(OPERATOR, text, nameEnd);
  if (nameEnd !== closing && operator === '') return undefined;
  const operandStart = nameEnd + operator.length;
  return { name, operator: operator as Operator, start: at, end: closing + 1, operandStart };
}

function match(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}
