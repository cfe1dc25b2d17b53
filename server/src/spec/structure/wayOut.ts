// What was probably meant by a value of another type than is wanted, as advice and, where it is one change, as a fix.
import type { FindingFix } from '../../model/finding.ts';
import { isNull, type MapNode, type ScalarNode } from '../node.ts';
import { dereferenced, takesText, typesOf, type Shape } from './shape.ts';
import type { Spot } from './spot.ts';

export interface WayOut {
  readonly advice: string;
  readonly fixes?: readonly FindingFix[];
}

const YES = /^(?:yes|y|on)$/i;
const NO = /^(?:no|n|off)$/i;

/** Texts that no bare number, true or false can be, and what they look like. */
const FORMS: readonly (readonly [field: RegExp, form: string])[] = [
  [/\.(?:volumes|mounts|bind_paths)\[\d+\]$/, 'host:container, host:container:ro or host:container:rw'],
  [/\.(?:environment|env)\[\d+\]$/, 'NAME=value'],
  [/\.directives\[\d+\]$/, 'a line that starts with `#BB ` or `#DW `'],
  [/\.paths\[\d+\]$|\.(?:view|mount)$|resume\.path$/, 'an absolute path'],
  [/\.hf\.repo$/, 'ORGANISATION/NAME'],
  [/\.depends_on\.[^.]+\.condition$/, 'service_started, service_healthy or service_completed_successfully'],
  [/\.healthcheck\.test$/, '`nc -z HOST PORT`, `curl URL` or `wget --spider URL`'],
];

/** What to write instead of a number, true or false that quotes would not make right. */
export function formInstead(field: string): string | undefined {
  const form = FORMS.find(([known]) => known.test(field))?.[1];
  return form === undefined ? undefined : `Write ${form}.`;
}

/** The way out of a wrong type, or undefined when nothing can be guessed. */
export function wayOut({ node, field }: Spot, shape: Shape): WayOut | undefined {
  if (node.kind === 'map') return fromMapping(node, field, takesText(shape) && !shape.enum);
  if (isNull(node) && /\.depends_on\.[^.]+$/.test(field))
    return { advice: 'Write `condition: service_started` below it, or list the names: [a, b].' };
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return undefined;
  const types = [shape, ...(shape.anyOf ?? []).map(dereferenced)].flatMap(typesOf);
  if (types.includes('boolean')) return asBoolean(node, node.value);
  if (types.includes('integer') && field.endsWith('seconds')) return asSeconds(node, node.value);
  if (types.includes('array') && !types.includes('string')) return asList(node, field);
  return undefined;
}

function fromMapping(node: MapNode, field: string, wantsText: boolean): WayOut | undefined {
  if (/\.(?:volumes|mounts|bind_paths)\[\d+\]$/.test(field))
    return {
      advice:
        'There is no long form of mounts: write host:container, host:container:ro or host:container:rw.',
    };
  if (/\.depends_on\[\d+\]$/.test(field))
    return {
      advice:
        'In a list only names stand. To give a condition, write `NAME:` without the dash and `condition:` below it.',
    };
  if (!/\.(?:environment|env)\[\d+\]$/.test(field)) return wantsText ? fromBraces(node) : undefined;
  const [pair] = node.pairs;
  const value = pair?.value.kind === 'scalar' ? pair.value : undefined;
  if (!pair || node.pairs.length > 1 || value?.style !== 'plain' || value.value === null)
    return { advice: 'Write NAME=value.' };
  const key = String(pair.key.value);
  const text = `${key}=${String(value.value)}`;
  // A mapping's own span may reach to the next line.
  const whole = { span: { ...pair.key.span, end: value.span.end } };
  // The text as written is known only where it is what was read.
  const isAsWritten = value.span.end - value.span.start === String(value.value).length;
  return isAsWritten && pair.key.style === 'plain'
    ? { advice: `Write ${text}.`, fixes: replace(whole, `Write ${text}`, text) }
    : { advice: 'Write NAME=value.' };
}

/** `{{ image }}`, `{x}`: braces that were meant as a part of a text. */
function fromBraces({ pairs, span }: MapNode): WayOut | undefined {
  const [first] = pairs;
  const isFlow = first !== undefined && first.key.span.start > span.start;
  if (!isFlow || pairs.some(({ value }) => !isNull(value))) return undefined;
  const advice = 'Put it into quotes: without them YAML takes { } for a mapping.';
  const hasQuotes = pairs.some(({ key }) => key.style !== 'plain' || /["'\n\\]/.test(key.complex ?? ''));
  const [before, behind] = [span.start, span.end].map((at) => ({ ...span, start: at, end: at }));
  if (hasQuotes || !before || !behind) return { advice };
  const edits = [before, behind].map((at) => ({ span: at, newText: '"' }));
  return { advice, fixes: [{ title: 'Put it into quotes', edits, preferred: true }] };
}

function asBoolean(node: ScalarNode, text: string): WayOut | undefined {
  if (!YES.test(text) && !NO.test(text)) return undefined;
  const word = String(YES.test(text));
  return {
    advice: `Write ${word}: YAML 1.2 takes yes, no, on and off for texts.`,
    fixes: replace(node, `Write ${word}`, word),
  };
}

function asSeconds(node: ScalarNode, text: string): WayOut | undefined {
  const seconds = /^(\d+) *s(?:ec(?:ond)?s?)?$/.exec(text)?.[1];
  if (seconds === undefined) return undefined;
  return {
    advice: `Write ${seconds}: the unit is always seconds.`,
    fixes: replace(node, `Write ${seconds}`, seconds),
  };
}

function asList(node: ScalarNode, field: string): WayOut | undefined {
  const { span, style } = node;
  if (span.end === span.start) return undefined;
  if (/\.(?:readiness|depends_on\.[^.]+)$/.test(field)) return undefined;
  const isNaming = /\.(?:environment|env)$/.test(field);
  const isMount = /\.(?:volumes|mounts|bind_paths)$/.test(field);
  const advice = isNaming
    ? 'Write a list: [NAME=value], or one line with `NAME: value` for each variable.'
    : 'Write a list: [a, b], or one line with `- ` for each entry.';
  // In brackets it would be wrong still.
  if (
    String(node.value).trim() === '' ||
    (isNaming && !/^\w+=/.test(String(node.value))) ||
    (isMount && !/^[^:]+:\//.test(String(node.value)))
  )
    return { advice };
  // Inside brackets these would mean something else; a plain text of several lines is left to its writer.
  const isPlain = style === 'plain' && span.end - span.start === String(node.value).length;
  const isSafe = isPlain && !/[,[\]{}#&*!|>'"%@`]|:\s|:$/.test(String(node.value));
  if (!isSafe && style !== 'double' && style !== 'single') return { advice };
  const [before, behind] = [span.start, span.end].map((at) => ({ ...span, start: at, end: at }));
  if (!before || !behind) return { advice };
  const edits = [
    { span: before, newText: '[' },
    { span: behind, newText: ']' },
  ];
  return { advice, fixes: [{ title: 'Make it a list', edits, preferred: true }] };
}

function replace({ span }: { readonly span: ScalarNode['span'] }, title: string, newText: string) {
  return [{ title, edits: [{ span, newText }], preferred: true }];
}
