// The entries of a section that consists of one block each: after an edit only the blocks that it touched are looked at, to see that
// no key comes twice. Everything unusual is left to joinBlocks.
import type { Part } from './joinBlocks.ts';
import { sharedEnds, spliced } from './kept.ts';
import type { Pair } from './node.ts';

export interface SectionPairs {
  /** The entries of the section of that name, which consists of these parts; undefined when they have to be looked at one by one. */
  readonly take: (name: string, parts: readonly Part[]) => readonly Pair[] | undefined;
}

interface Section {
  readonly parts: readonly Part[];
  /** One for each part but the first, which is the section's own line. */
  readonly pairs: readonly Pair[];
  /** Their keys, all different. */
  readonly names: Set<string>;
}

/** Follows the sections of one text from state to state. */
export function followSections(): SectionPairs {
  const known = new Map<string, Section>();
  return {
    take: (name, parts) => {
      const last = known.get(name);
      // Half a change of names would be a lie: they are put back only when all is well.
      known.delete(name);
      const section = (last && renewed(last, parts)) ?? whole(parts);
      if (section) known.set(name, section);
      return section?.pairs;
    },
  };
}

function whole(parts: readonly Part[]): Section | undefined {
  const [head] = parts;
  if (head?.parsed?.pairs.length !== 0) return undefined;
  return renewed({ parts: [head], pairs: [], names: new Set() }, parts);
}

function renewed({ parts: before, pairs, names }: Section, parts: readonly Part[]): Section | undefined {
  const { front, back } = sharedEnds(before, parts);
  if (front === 0) return undefined;
  const behind = pairs.length - back;
  const now = parts.slice(front, parts.length - back).map(onlyPair);
  for (const pair of pairs.slice(front - 1, behind)) names.delete(String(pair.key.value));
  if (!areNew(now, names)) return undefined;
  return { parts, pairs: spliced(pairs, front - 1, behind, now), names };
}

/** Adds the keys of entries to those that are there; false where one comes twice or is no plain text. */
function areNew(pairs: readonly (Pair | undefined)[], names: Set<string>): pairs is readonly Pair[] {
  return pairs.every((pair) => {
    const name = pair?.key.complex === undefined ? pair?.key.value : undefined;
    if (typeof name !== 'string' || names.has(name)) return false;
    names.add(name);
    return true;
  });
}

function onlyPair({ parsed }: Part): Pair | undefined {
  return parsed?.pairs.length === 1 ? parsed.pairs[0] : undefined;
}
