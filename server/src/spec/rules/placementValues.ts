// R117: the values of one `placement` block, and what it asks for. Spec contract, sections 5, 6.9 and 9.6.
import { parseNodeRange, type NodeRange } from '../grammar/nodeRange.ts';
import type { Sink } from './check.ts';
import type { Fact, PlacementFact } from './facts.ts';
import { count, flag, partSpans, text, under, type Entry, type Place } from './place.ts';

const SELECTORS = ['node_range', 'node_count', 'node_percent', 'share_with'] as const;

export function checkPlacement(place: Entry | undefined, sink: Sink): void {
  if (place?.node.kind !== 'map') return;
  const given = SELECTORS.flatMap((key) => under(place, key) ?? []);
  if (given.length !== 1) {
    const [first, ...others] = given;
    const extra = first ? others.reduce((later, other) => sink.laterOf(later, other), first) : place;
    const count = given.length === 0 ? 'none' : given.map(({ name }) => name).join(' and ');
    sink.key('R117', extra, { variant: 'selectors', words: { field: place.field, count } });
  }
  checkRange(under(place, 'node_range'), sink);
  checkRange(under(place, 'exclude'), sink);
  sink.atLeastOne('R117', under(place, 'node_count'));
  const percent = under(place, 'node_percent');
  const value = count(percent);
  if (percent && value !== undefined && (value < 1 || value > 100))
    sink.value('R117', percent, { variant: 'percent', words: { value } });
  checkCompany(place, sink);
}

function checkRange(place: Place | undefined, sink: Sink): void {
  sink.grammar('R117', place, parseNodeRange);
}

/** Keys that have no meaning beside others. */
function checkCompany(place: Entry, sink: Sink): void {
  const share = under(place, 'share_with');
  const start = under(place, 'start_index');
  if (share) {
    sink.notBlank('R117', share);
    for (const key of ['start_index', 'exclude']) {
      const found = under(place, key);
      if (found) sink.key('R117', found, { variant: 'shared', words: { key } });
    }
  } else if (start && !under(place, 'node_count') && !under(place, 'node_percent'))
    sink.key('R117', start, { variant: 'start' });
}

/** What the block asks for; `broken` when any part of it is wrong or not known. */
export function readPlacement(
  place: Entry | undefined,
  textOf: (file: string) => string | undefined,
): PlacementFact | undefined {
  if (!place) return undefined;
  if (place.node.kind !== 'map') return { kind: 'broken' };
  const given = SELECTORS.filter((key) => under(place, key));
  const share = under(place, 'share_with');
  if (given.length !== 1) return { kind: 'broken' };
  if (share) {
    const target = text(share);
    const isAlone = !under(place, 'start_index') && !under(place, 'exclude');
    return target?.trim() && isAlone
      ? { kind: 'share', target: { value: target, span: share.node.span } }
      : { kind: 'broken' };
  }
  return readNodes(place, textOf);
}

type NodesFact = Extract<PlacementFact, { kind: 'nodes' }>;

function readNodes(place: Entry, textOf: (file: string) => string | undefined): PlacementFact {
  const bounds: Fact<number>[] = [];
  // Bounds are looked at in this order: `exclude` first, as hpc-compose does.
  const exclude = readRange(under(place, 'exclude'), bounds, textOf);
  const range = readRange(under(place, 'node_range'), bounds, textOf);
  const numbers = {
    count: readNumber(under(place, 'node_count'), 1),
    percent: readNumber(under(place, 'node_percent'), 1, 100),
    start: readNumber(under(place, 'start_index'), 0),
  };
  const values = { range, exclude, ...numbers };
  const hasStray = numbers.start !== undefined && range !== undefined;
  if (hasStray || Object.values(values).includes('broken')) return { kind: 'broken' };
  const known = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
  return {
    kind: 'nodes',
    bounds,
    allowOverlap: flag(under(place, 'allow_overlap')) === true,
    ...(known as Partial<NodesFact>),
  };
}

function readNumber(
  place: Place | undefined,
  least: number,
  most?: number,
): Fact<number> | 'broken' | undefined {
  if (!place) return undefined;
  const value = count(place, most);
  return value === undefined || value < least ? 'broken' : { value, span: place.node.span };
}

function readRange(
  place: Place | undefined,
  bounds: Fact<number>[],
  textOf: (file: string) => string | undefined,
): Fact<NodeRange['intervals']> | 'broken' | undefined {
  if (!place) return undefined;
  const value = text(place);
  const range = value === undefined ? undefined : parseNodeRange(value);
  if (!range?.ok) return 'broken';
  const spanOf = partSpans(place, textOf);
  for (const part of range.value.parts) bounds.push({ value: part.interval[1], span: spanOf(part) });
  return { value: range.value.intervals, span: place.node.span };
}
