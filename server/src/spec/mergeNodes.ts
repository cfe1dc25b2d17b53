// How `extends` lays a child over its base (cache contract, section 1.6): mappings merge by key, lists join, all else is
// replaced. Every node keeps the place where it was written.
import { trim } from './grammar/text.ts';
import { NOTHING_KEPT, type Kept } from './kept.ts';
import { stringOf, type MapNode, type Pair, type SeqNode, type SpecNode } from './node.ts';

/** Where the merge stands: only below a service do lists under `volumes` merge by container path. */
export type MergeScope = 'root' | 'services' | 'service' | 'other';

/** The child laid over the base. A child that is null replaces the base. Blocks (root keys and services) are merged once. */
export function mergeNodes(
  base: SpecNode,
  child: SpecNode,
  scope: MergeScope,
  key?: string,
  kept: Kept = NOTHING_KEPT,
): SpecNode {
  if (base.kind === 'map' && child.kind === 'map') return mergeMaps(base, child, scope, kept);
  if (base.kind !== 'seq' || child.kind !== 'seq') return child;
  return scope === 'service' && key === 'volumes'
    ? mergeVolumes(base, child)
    : { ...child, items: [...base.items, ...child.items] };
}

function mergeMaps(base: MapNode, child: MapNode, scope: MergeScope, kept: Kept): MapNode {
  const merged = new Map<Pair['key']['value'], Pair>();
  for (const pair of base.pairs) merged.set(pair.key.value, pair);
  for (const pair of child.pairs) {
    const key = pair.key.value;
    const below = merged.get(key);
    const inner = scopeBelow(scope, key);
    const merge = (on: SpecNode) => mergeNodes(on, pair.value, inner, nameOf(key), kept);
    const value = !below
      ? pair.value
      : isBlock(scope, inner)
        ? kept.of('merged', pair.value, [below.value], () => merge(below.value))
        : merge(below.value);
    merged.set(
      key,
      value === pair.value ? pair : kept.of('entry', pair, [value], () => ({ key: pair.key, value })),
    );
  }
  return { ...child, pairs: [...merged.values()] };
}

function isBlock(scope: MergeScope, inner: MergeScope): boolean {
  return scope === 'services' || (scope === 'root' && inner !== 'services');
}

function scopeBelow(scope: MergeScope, key: Pair['key']['value']): MergeScope {
  if (scope === 'root') return key === 'services' || key === 'steps' ? 'services' : 'other';
  return scope === 'other' ? 'other' : 'service';
}

function mergeVolumes(base: SeqNode, child: SeqNode): SeqNode {
  const items = [...base.items];
  for (const item of child.items) {
    const target = containerPathOf(item);
    const index =
      target === undefined ? -1 : items.findIndex((existing) => containerPathOf(existing) === target);
    if (index < 0) items.push(item);
    else items[index] = item;
  }
  return { ...child, items };
}

/** The container part of a mount of two or three fields, before interpolation. */
function containerPathOf(item: SpecNode): string | undefined {
  const [, container, mode, ...more] = (stringOf(item) ?? '').split(':');
  if (container === undefined || more.length > 0) return undefined;
  return mode === undefined || mode === 'ro' || mode === 'rw' ? trim(container) : undefined;
}

function nameOf(key: Pair['key']['value']): string | undefined {
  return typeof key === 'string' ? key : undefined;
}
