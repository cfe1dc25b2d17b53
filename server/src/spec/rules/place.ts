// Reading of a located tree by rules: a place is a value with its dotted path. Absent, null and unresolved values read as
// undefined, and so do values of a wrong type: other rules report those, and a rule that cannot know stays silent.
import type { Span } from '../../model/finding.ts';
import { U32_MAX } from '../grammar/text.ts';
import { isNull, pairOf, type MapNode, type Pair, type ScalarNode, type SpecNode } from '../node.ts';
import { placesInScalar } from '../scalarPlaces.ts';

export interface Place {
  readonly node: SpecNode;
  /** Dotted path as hpc-compose writes it: `services.app.volumes[0]`. */
  readonly field: string;
  /** The key that the value stands under, where it is no list item. */
  readonly key?: ScalarNode;
}

/** A place under a mapping key. */
export interface Entry extends Place {
  readonly key: ScalarNode;
  readonly name: string;
}

/** The value under a key, or undefined when it is absent or null. */
export function under(place: Place | undefined, key: string): Entry | undefined {
  const pair = pairOf(place?.node, key);
  return pair && place && !isNull(pair.value) ? entryOf(place, pair, key) : undefined;
}

/** As `under`, null included. */
export function written(place: Place | undefined, key: string): Entry | undefined {
  const pair = pairOf(place?.node, key);
  return pair && place ? entryOf(place, pair, key) : undefined;
}

/** The value at a path of keys. */
export function below(place: Place | undefined, ...path: readonly string[]): Entry | undefined {
  // Nearly always something on the way is absent: the path is put together only when nothing is.
  let pair: Pair | undefined;
  for (const key of path) {
    pair = pairOf(pair ? pair.value : place?.node, key);
    if (!pair || isNull(pair.value)) return undefined;
  }
  const last = path.at(-1);
  if (!place || !pair || last === undefined) return undefined;
  const field = path.join('.');
  return {
    node: pair.value,
    field: place.field === '' ? field : `${place.field}.${field}`,
    key: pair.key,
    name: last,
  };
}

function entryOf(place: Place, pair: Pair, name: string): Entry {
  const field = place.field === '' ? name : `${place.field}.${name}`;
  return { node: pair.value, field, key: pair.key, name };
}

/** Items of a list, each with its index in the path. */
export function items(place: Place | undefined): Place[] {
  if (place?.node.kind !== 'seq') return [];
  return place.node.items.map((node, index) => ({ node, field: `${place.field}[${index}]` }));
}

/** Entries of a mapping whose keys are texts. */
export function entries(place: Place | undefined): Entry[] {
  if (place?.node.kind !== 'map') return [];
  return place.node.pairs.flatMap((pair) =>
    typeof pair.key.value === 'string' ? [entryOf(place, pair, pair.key.value)] : [],
  );
}

/** The text of a scalar; undefined for other types and for texts that hold an unresolved variable. */
export function text(place: Place | undefined): string | undefined {
  if (place?.node.kind !== 'scalar' || place.node.unresolved) return undefined;
  return typeof place.node.value === 'string' ? place.node.value : undefined;
}

/** The word of an enumeration; a local tag such as `!gpu` stands for the word, as hpc-compose reads it. */
export function word(place: Place | undefined): string | undefined {
  const tag = place?.node.kind === 'scalar' ? place.node.tag : undefined;
  if (tag !== undefined && /^![^!]/.test(tag)) return tag.slice(1);
  return text(place);
}

/** A YAML integer from 0 to `max`; undefined for anything else. */
export function count(place: Place | undefined, max: number = U32_MAX): number | undefined {
  if (place?.node.kind !== 'scalar' || place.node.integer !== true) return undefined;
  const { value } = place.node;
  return typeof value === 'number' && value >= 0 && value <= max ? value : undefined;
}

/** A YAML integer from 0 to 2^64-1. */
export function bigCount(place: Place | undefined): number | bigint | undefined {
  if (place?.node.kind !== 'scalar' || place.node.integer !== true) return undefined;
  const { value } = place.node;
  return (typeof value === 'number' || typeof value === 'bigint') && value >= 0 ? value : undefined;
}

export function flag(place: Place | undefined): boolean | undefined {
  return place?.node.kind === 'scalar' && typeof place.node.value === 'boolean'
    ? place.node.value
    : undefined;
}

/** Where a finding about the key sits. */
export function keySpan(place: Place): Span {
  return place.key?.span ?? place.node.span;
}

/** Where a finding about the value sits: the scalar itself; for a map or a list its key. */
export function valueSpan(place: Place): Span {
  return place.node.kind === 'scalar' && !isNull(place.node) ? place.node.span : keySpan(place);
}

/** A part of a text value, in the text as written; the whole value when interpolation changed it or the source is not at hand. */
export function partSpan(
  place: Place,
  at: { readonly start: number; readonly end: number } | undefined,
  textOf: (file: string) => string | undefined,
): Span {
  return at === undefined ? valueSpan(place) : partSpans(place, textOf)(at);
}

/** The same for many parts of one text, which is walked once. */
export function partSpans(
  place: Place,
  textOf: (file: string) => string | undefined,
): (at: { readonly start: number; readonly end: number }) => Span {
  const { node } = place;
  if (node.kind !== 'scalar' || node.raw !== undefined) return () => valueSpan(place);
  const source = textOf(node.span.file);
  if (source === undefined) return () => valueSpan(place);
  const spanOf = placesInScalar(node, source);
  return ({ start, end }) => spanOf(start, end);
}

/**
 * Reads a list in place of a map as the map it stands for, its values taken in key order (spec contract, section 10,
 * positional oddities). Anything else is given back as it is.
 */
export function positional(place: Place, keys: readonly string[]): Place {
  if (place.node.kind !== 'seq') return place;
  const pairs = place.node.items.slice(0, keys.length).map((value, index) => ({
    key: { kind: 'scalar', value: keys[index] ?? '', style: 'plain', span: value.span } as const,
    value,
  }));
  const node: MapNode = { kind: 'map', span: place.node.span, pairs };
  return { ...place, node };
}
