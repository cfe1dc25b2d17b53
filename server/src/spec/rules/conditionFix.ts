// Edits that write the assumed condition of dependencies (HPC006) and keep every other byte: comments, line ends, flow style.
import type { FindingFix } from '../../model/finding.ts';
import type { ScalarNode, SeqNode } from '../node.ts';
import { isNull } from '../node.ts';
import { under, positional, type Entry } from './place.ts';

type Edits = FindingFix['edits'];
type TextOf = (file: string) => string | undefined;

const ASSUMED = 'service_started';
const EXPLICIT = `{condition: ${ASSUMED}}`;

/** Turns a whole list of names into a mapping; undefined where the text does not allow it. */
export function listFix(list: SeqNode, textOf: TextOf): Edits | undefined {
  const { file } = list.span;
  const text = textOf(file);
  if (text === undefined || list.items.length === 0) return undefined;
  const names = list.items.filter((item): item is ScalarNode => isPlainName(item, list, text));
  if (names.length !== list.items.length) return undefined;
  const unique = new Set(names.map((item) => item.value));
  if (unique.size !== names.length) return undefined;
  return text[list.span.start] === '[' ? flowEdits(list, names, text) : blockEdits(names, text);
}

/** True for a name that stands in this very list, on one line, without anchor, alias or tag. */
function isPlainName(item: SeqNode['items'][number], list: SeqNode, text: string): boolean {
  const { span } = item;
  if (item.kind !== 'scalar' || item.tag !== undefined || item.raw !== undefined) return false;
  if (span.file !== list.span.file || span.start < list.span.start || span.end > list.span.end) return false;
  const source = text.slice(span.start, span.end);
  return source !== '' && !/[\n\r]/.test(source) && !/^[*&!|>]/.test(source);
}

function flowEdits(list: SeqNode, names: readonly ScalarNode[], text: string): Edits | undefined {
  const { file, start, end } = list.span;
  if (text[end - 1] !== ']') return undefined;
  return [
    { span: { file, start, end: start + 1 }, newText: '{' },
    ...names.map(({ span }) => insertion(file, span.end, `: ${EXPLICIT}`)),
    { span: { file, start: end - 1, end }, newText: '}' },
  ];
}

function blockEdits(names: readonly ScalarNode[], text: string): Edits | undefined {
  const edits: { span: Edits[number]['span']; newText: string }[] = [];
  let column: number | undefined;
  for (const { span } of names) {
    const lineStart = text.lastIndexOf('\n', span.start - 1) + 1;
    const lead = /^([ ]*)-[ \t]+$/.exec(text.slice(lineStart, span.start));
    if (!lead || (column !== undefined && column !== lead[1]?.length)) return undefined;
    column = lead[1]?.length ?? 0;
    const dash = lineStart + column;
    // Two blanks for the dash: the names stay deeper than the key, also when the list was not indented.
    edits.push({ span: { ...span, start: dash, end: span.start }, newText: '  ' });
    edits.push(insertion(span.file, span.end, `: ${EXPLICIT}`));
  }
  return edits;
}

/** Writes the condition of one entry of a mapping; undefined where the text does not allow it. */
export function entryFix(entry: Entry, textOf: TextOf): Edits | undefined {
  const { node, key } = entry;
  const { file, start, end } = node.span;
  const text = textOf(file);
  if (text === undefined || file !== key.span.file || start < key.span.end) return undefined;
  const source = text.slice(start, end);
  if (
    /^[{[]\s*[}\]]$/.test(source) ||
    (node.kind === 'seq' && /^\[\s*(~|null|Null|NULL)\s*,?\s*\]$/.test(source))
  )
    return [{ span: node.span, newText: EXPLICIT }];
  const condition =
    node.kind === 'map' ? node.pairs.find((pair) => pair.key.value === 'condition') : undefined;
  if (!condition || !isNull(condition.value) || under(positional(entry, []), 'condition')) return undefined;
  const { span } = condition.value;
  if (span.end > span.start) return [{ span, newText: ASSUMED }];
  const colon = text.indexOf(':', condition.key.span.end);
  return colon < 0 || colon > span.start ? undefined : [insertion(file, colon + 1, ` ${ASSUMED}`)];
}

function insertion(file: string, at: number, newText: string): Edits[number] {
  return { span: { file, start: at, end: at }, newText };
}
