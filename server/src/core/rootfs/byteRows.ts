// Numbers and texts one after the other in plain memory: how 100,000 rows go from one process to another without being text first.
// Whoever reads asks for the same kinds in the same order; what does not fit throws.

export interface RowWriter {
  /** Null is kept. */
  readonly number: (value: number | null) => void;
  readonly text: (value: string | Buffer) => void;
  /** Bytes written since the last `clear`. */
  readonly size: () => number;
  /** Changes a number that was written at this place. */
  readonly amend: (place: number, value: number) => void;
  /** What was written; true until the next write. */
  readonly bytes: () => Buffer;
  readonly clear: () => void;
}

export interface RowReader {
  readonly isAtEnd: () => boolean;
  readonly number: () => number | null;
  readonly text: () => string;
  /** The same without making a string: a part of what is read. */
  readonly bytes: () => Buffer;
  /** A reader of the next so many bytes, which are skipped here. */
  readonly part: (length: number) => RowReader;
}

const NUMBER = 8;
const LENGTH = 4;
const FIRST_SIZE = 1 << 17;
/** UTF-8 takes at most three bytes for a unit of a string. */
const WIDEST = 3;

/** An empty writer. */
export function createRowWriter(): RowWriter {
  let memory = Buffer.allocUnsafeSlow(FIRST_SIZE);
  let used = 0;
  const makeRoom = (more: number) => {
    if (used + more <= memory.length) return;
    const bigger = Buffer.allocUnsafeSlow(Math.max(memory.length * 2, used + more));
    memory.copy(bigger, 0, 0, used);
    memory = bigger;
  };
  return {
    number: (value) => {
      makeRoom(NUMBER);
      used = memory.writeDoubleLE(value ?? Number.NaN, used);
    },
    text: (value) => {
      makeRoom(LENGTH + value.length * WIDEST);
      const start = used + LENGTH;
      const length = typeof value === 'string' ? memory.write(value, start) : value.copy(memory, start);
      memory.writeUInt32LE(length, used);
      used = start + length;
    },
    size: () => used,
    amend: (place, value) => void memory.writeDoubleLE(value, place),
    bytes: () => memory.subarray(0, used),
    clear: () => {
      used = 0;
    },
  };
}

/** Reads what a writer wrote. */
export function createRowReader(memory: Buffer): RowReader {
  let at = 0;
  const skip = (length: number) => {
    const start = at;
    if (!(length >= 0 && start + length <= memory.length)) throw new RangeError('a row is cut');
    at += length;
    return start;
  };
  const bytes = () => {
    const length = memory.readUInt32LE(skip(LENGTH));
    const start = skip(length);
    return memory.subarray(start, start + length);
  };
  return {
    isAtEnd: () => at >= memory.length,
    number: () => {
      const value = memory.readDoubleLE(skip(NUMBER));
      return Number.isNaN(value) ? null : value;
    },
    text: () => bytes().toString(),
    bytes,
    part: (length) => {
      const start = skip(length);
      return createRowReader(memory.subarray(start, start + length));
    },
  };
}
