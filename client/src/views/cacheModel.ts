// From cache states to the nodes of the tree: grouping, sorting, filtering, paging. Pure; ids are stable across refreshes.
import type { CacheEntry, CacheState } from '../../../server/src/model/cache.ts';
import type { Units } from '../../../server/src/model/units.ts';
import { formatBytes } from '../../../server/src/model/units.ts';
import type { GroupBy, SortBy } from '../ui/settings.ts';
import { entryLabel, entryProblem, GROUPS, groupOf } from './entryText.ts';

export interface EntryNode {
  readonly type: 'entry';
  readonly id: string;
  readonly cacheDir: string;
  readonly entry: CacheEntry;
}

export interface ProblemNode {
  readonly type: 'problem';
  readonly id: string;
  readonly path: string;
  readonly problem: string;
}

export interface MoreNode {
  readonly type: 'more';
  readonly id: string;
  readonly group: string;
  readonly hidden: number;
}

export interface GroupNode {
  readonly type: 'group' | 'cache';
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly icon: string;
  readonly children: readonly CacheNode[];
}

export type CacheNode = EntryNode | ProblemNode | MoreNode | GroupNode;

export interface TreeOptions {
  readonly groupBy: GroupBy;
  readonly sortBy: SortBy;
  /** Text that label, service, key or path must contain. */
  readonly filter: string;
  readonly units: Units;
  /** Seconds since the epoch. */
  readonly now: number;
  /** How many entries of a group are shown, by group id; others show `PAGE`. */
  readonly shown: ReadonlyMap<string, number>;
}

/** Entries of one group that are shown before "Load more". */
export const PAGE = 2000;

const DAY = 86_400;
const AGES: readonly (readonly [limitDays: number, title: string])[] = [
  [1, 'Used today'],
  [7, 'Used this week'],
  [30, 'Used this month'],
  [Infinity, 'Unused for more than 30 days'],
];

/** The top of the tree: the groups of a single cache, or one node for each of several caches. */
export function treeNodes(states: readonly CacheState[], options: TreeOptions): readonly CacheNode[] {
  const filled = states.map((state) => ({ state, children: cacheChildren(state, options) }));
  if (filled.length === 1) return filled[0]?.children ?? [];
  return filled.map(({ state, children }) => ({
    type: 'cache',
    id: state.cache_dir,
    title: state.cache_dir,
    description: `${state.totals.entries} · ${formatBytes(state.totals.bytes, options.units)}`,
    icon: 'server',
    children,
  }));
}

function cacheChildren(state: CacheState, options: TreeOptions): CacheNode[] {
  const groups = new Map<string, { title: string; icon: string; order: number; entries: CacheEntry[] }>();
  for (const entry of state.entries.filter((one) => matches(one, options.filter))) {
    for (const place of placesOf(entry, options)) {
      const group = groups.get(place.title) ?? { ...place, entries: [] };
      group.entries.push(entry);
      groups.set(place.title, group);
    }
  }
  const sorted = [...groups.values()].sort((a, b) => a.order - b.order || compare(a.title, b.title));
  return [
    ...sorted.map((group) => groupNode(state.cache_dir, group, options)),
    ...problemNodes(state, options.filter),
  ];
}

function groupNode(
  cacheDir: string,
  group: { title: string; icon: string; entries: CacheEntry[] },
  options: TreeOptions,
): GroupNode {
  const id = `${cacheDir}#${options.groupBy}:${group.title}`;
  const entries = group.entries.sort(order(options.sortBy));
  const shown = options.shown.get(id) ?? PAGE;
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  const children: CacheNode[] = entries.slice(0, shown).map((entry) => ({
    type: 'entry',
    id: `${id}#${entry.artifact_path}`,
    cacheDir,
    entry,
  }));
  const hidden = entries.length - children.length;
  if (hidden > 0) children.push({ type: 'more', id: `${id}#more`, group: id, hidden });
  const description = `${entries.length} · ${formatBytes(bytes, options.units)}`;
  return { type: 'group', id, title: group.title, description, icon: group.icon, children };
}

function problemNodes(state: CacheState, filter: string): CacheNode[] {
  const known = new Set(state.entries.map((entry) => entry.artifact_path));
  const nodes = state.problems
    .filter(({ path }) => !known.has(path) && (filter === '' || path.includes(filter)))
    .map(({ path, problem }): ProblemNode => ({
      type: 'problem',
      id: `${state.cache_dir}#problem:${path}`,
      path,
      problem,
    }));
  if (nodes.length === 0) return [];
  const id = `${state.cache_dir}#problems`;
  return [
    {
      type: 'group',
      id,
      title: 'Problems',
      description: String(nodes.length),
      icon: 'warning',
      children: nodes,
    },
  ];
}

interface Place {
  readonly title: string;
  readonly icon: string;
  readonly order: number;
}

function placesOf(entry: CacheEntry, options: TreeOptions): Place[] {
  switch (options.groupBy) {
    case 'kind': {
      const group = groupOf(entry);
      return [{ ...GROUPS[group], order: Object.keys(GROUPS).indexOf(group) }];
    }
    case 'service':
      return namesOrNone(entry.service_names).map((title) => ({ title, icon: 'symbol-method', order: 0 }));
    case 'repository':
      return [{ title: repositoryOf(entry), icon: 'repo', order: 0 }];
    case 'age': {
      const days = (options.now - entry.last_used_at) / DAY;
      const index = AGES.findIndex(([limit]) => days < limit);
      return [{ title: AGES[index]?.[1] ?? '', icon: 'history', order: index }];
    }
    case 'status': {
      const problem = entryProblem(entry);
      if (problem) return [{ title: problem, icon: 'warning', order: 0 }];
      return [
        { title: entry.pinned ? 'Pinned' : 'In order', icon: entry.pinned ? 'pinned' : 'check', order: 1 },
      ];
    }
  }
}

function namesOrNone(names: readonly string[]): readonly string[] {
  return names.length > 0 ? names : ['No service'];
}

function repositoryOf(entry: CacheEntry): string {
  const source = (entry.source_image || entry.uri || '').replace(/^\w+:\/\//, '').replace(/@.*$/, '');
  return source.replace(/:[^:/]*$/, '').replace('#', '/') || 'No image';
}

function matches(entry: CacheEntry, filter: string): boolean {
  if (filter === '') return true;
  const haystack = [
    entryLabel(entry),
    entry.source_image,
    entry.artifact_path,
    entry.cache_key,
    entryProblem(entry),
    ...entry.service_names,
  ];
  return haystack.join('\n').toLowerCase().includes(filter.toLowerCase());
}

function order(sortBy: SortBy): (a: CacheEntry, b: CacheEntry) => number {
  const byName = (a: CacheEntry, b: CacheEntry) =>
    compare(entryLabel(a), entryLabel(b)) || compare(a.artifact_path, b.artifact_path);
  switch (sortBy) {
    case 'lastUsed':
      return (a, b) => b.last_used_at - a.last_used_at || byName(a, b);
    case 'size':
      return (a, b) => b.bytes - a.bytes || byName(a, b);
    case 'created':
      return (a, b) => b.created_at - a.created_at || byName(a, b);
    case 'name':
      return byName;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
