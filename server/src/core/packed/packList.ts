// Any list as packed entries: for what a worker has as values and another thread only hands on.
import type { PackedEntries } from './packedState.ts';

/** Entries a piece: small enough to be written between two turns, large enough to be few. */
const PIECE = 250;

/** Packs values, `size` at a time. */
export function* packList(values: readonly object[], size = PIECE): Generator<PackedEntries> {
  for (let at = 0; at < values.length; at += size) {
    const some = values.slice(at, at + size);
    yield { bytes: Buffer.from(JSON.stringify(some).slice(1, -1)), count: some.length };
  }
}
