// Values that are JSON text already: a worker wrote it, and the thread that answers people hands the bytes on without reading them.
import type { PackedEntries } from '../core/packed/packedState.ts';

/** JSON text of a `T`, in pieces of UTF-8 that follow on each other. Whoever stringifies it gets the same value, more slowly. */
export class JsonText<T> {
  readonly pieces: readonly Uint8Array[];

  constructor(pieces: readonly Uint8Array[]) {
    this.pieces = pieces;
  }

  toJSON(): T {
    return JSON.parse(Buffer.concat(this.pieces).toString('utf8')) as T;
  }
}

const COMMA = Buffer.from(',');

/** An object (not an empty one) to which `entries` is added as its last member: the packed ones, in order. */
export function withPackedEntries<T extends { entries: unknown[] }>(
  rest: Omit<T, 'entries'>,
  packed: readonly PackedEntries[],
): JsonText<T> {
  const head = `${JSON.stringify(rest).slice(0, -1)},"entries":[`;
  return new JsonText([Buffer.from(head), ...withCommas(packed), Buffer.from(']}')]);
}

/** An array of the packed entries, in order. */
export function listOfPacked<T>(packed: readonly PackedEntries[]): JsonText<T[]> {
  return new JsonText([Buffer.from('['), ...withCommas(packed), Buffer.from(']')]);
}

function withCommas(packed: readonly PackedEntries[]): Uint8Array[] {
  return packed.flatMap(({ bytes }, index) => (index === 0 ? [bytes] : [COMMA, bytes]));
}
