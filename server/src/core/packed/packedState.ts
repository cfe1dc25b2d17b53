// The state of a cache with its entries as text: a thread hands over a hundred thousand of them without copying one, and the
// thread that answers people reads only those that it shows.
import { setImmediate } from 'node:timers/promises';
import type { CacheEntry, CacheState, CacheSummary } from '../../model/cache.ts';

/** Some entries in order: JSON objects with commas between. */
export interface PackedEntries {
  readonly bytes: Uint8Array;
  readonly count: number;
}

export interface PackedState {
  readonly summary: CacheSummary;
  /** In order; together as many entries as the summary's totals say. */
  readonly pieces: readonly PackedEntries[];
  /** Sources of the images, each once, a line each. */
  readonly sources: string;
}

/** Entries from `offset` on, at most `limit`, with the rest of the state. Waits for its turn between pieces: none blocks for long. */
export async function pageOf(
  { summary, pieces }: PackedState,
  offset = 0,
  limit = Infinity,
): Promise<CacheState> {
  const entries: CacheEntry[] = [];
  const end = offset + limit;
  let at = 0;
  for (const piece of pieces) {
    if (at < end && at + piece.count > offset) {
      for (const entry of unpack(piece).slice(Math.max(0, offset - at), end - at)) entries.push(entry);
      await setImmediate();
    }
    at += piece.count;
  }
  return { ...summary, entries, ...(end < at ? { next: end } : {}) };
}

function unpack({ bytes }: PackedEntries): CacheEntry[] {
  return JSON.parse(
    `[${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')}]`,
  ) as CacheEntry[];
}
