// Node expressions such as `0,2-5`, as sorted disjoint intervals: never one value per node. Spec contract, section 6.9.
import { parsed, problemAt, problemOf, type Parsed } from './parsed.ts';
import { isBlank, trim, trimStart, u32Of } from './text.ts';

/** First and last node, both included. */
export type Interval = readonly [first: number, last: number];

export interface NodeRange {
  /** Sorted, disjoint, not touching. */
  readonly intervals: readonly Interval[];
  /** The parts as written, in order, with their places, for bounds checks. */
  readonly parts: readonly { readonly interval: Interval; readonly start: number; readonly end: number }[];
}

export function parseNodeRange(text: string): Parsed<NodeRange> {
  if (isBlank(text)) return problemOf('is empty');
  const parts: NodeRange['parts'][number][] = [];
  let at = 0;
  for (const piece of text.split(',')) {
    const start = at + piece.length - trimStart(piece).length;
    const body = trim(piece);
    const end = start + Math.max(body.length, 1);
    const interval = parsePart(body);
    if (typeof interval === 'string') return problemAt(interval, Math.min(start, text.length - 1), end);
    parts.push({ interval, start, end });
    at += piece.length + 1;
  }
  return parsed({ intervals: unionOf(parts.map((part) => part.interval)), parts });
}

function parsePart(body: string): Interval | string {
  if (body === '') return 'lacks a node between the commas';
  const dash = body.indexOf('-');
  const first = u32Of(dash < 0 ? body : trim(body.slice(0, dash)));
  const last = dash < 0 ? first : u32Of(trim(body.slice(dash + 1)));
  if (first === undefined || last === undefined) return 'must be made of N or N-M, separated by commas';
  return last < first ? `counts down in ${body}` : [first, last];
}

/** The same nodes as sorted intervals that neither overlap nor touch. */
export function unionOf(intervals: readonly Interval[]): Interval[] {
  const sorted = intervals.toSorted((a, b) => a[0] - b[0]);
  const union: [number, number][] = [];
  for (const [first, last] of sorted) {
    const previous = union.at(-1);
    if (previous && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else union.push([first, last]);
  }
  return union;
}

/** The nodes of `from` that are not in `removed`; both sorted and disjoint. */
export function differenceOf(from: readonly Interval[], removed: readonly Interval[]): Interval[] {
  const rest: Interval[] = [];
  let index = 0;
  for (const [first, last] of from) {
    let start = first;
    while ((removed[index]?.[1] ?? Infinity) < start) index++;
    for (let at = index; at < removed.length; at++) {
      const [gone, until] = removed[at] ?? [Infinity, Infinity];
      if (gone > last) break;
      if (gone > start) rest.push([start, gone - 1]);
      start = until + 1;
    }
    if (start <= last) rest.push([start, last]);
  }
  return rest;
}

/** The nodes that are in both; both sorted and disjoint. */
export function intersectionOf(left: readonly Interval[], right: readonly Interval[]): Interval[] {
  const both: Interval[] = [];
  for (let l = 0, r = 0; l < left.length && r < right.length;) {
    const [a, b] = left[l] ?? [0, 0];
    const [c, d] = right[r] ?? [0, 0];
    if (Math.max(a, c) <= Math.min(b, d)) both.push([Math.max(a, c), Math.min(b, d)]);
    if (b < d) l++;
    else r++;
  }
  return both;
}

export function sizeOf(intervals: readonly Interval[]): number {
  return intervals.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

/** The first `count` nodes. */
export function takeOf(intervals: readonly Interval[], count: number): Interval[] {
  const taken: Interval[] = [];
  let left = count;
  for (const [first, last] of intervals) {
    if (left <= 0) break;
    const end = Math.min(last, first + left - 1);
    taken.push([first, end]);
    left -= end - first + 1;
  }
  return taken;
}

/** `node 3`, `nodes 0-2, 5`: at most five intervals, for messages. */
export function describeNodes(intervals: readonly Interval[]): string {
  const shown = intervals
    .slice(0, 5)
    .map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`));
  const more = intervals.length > 5 ? ', …' : '';
  return `${sizeOf(intervals) === 1 ? 'node' : 'nodes'} ${shown.join(', ')}${more}`;
}
