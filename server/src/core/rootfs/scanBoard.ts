// What two processes that share a scan tell each other, in a file without a name: one takes users from the front of their list, the
// other from its back until they meet, and the one at the back puts down what it found. Neither ever waits for the other.
import fs from 'node:fs';

/** Users taken from the front, users taken from the back, bytes put down: each where nothing else is. */
const FRONT = 0;
const BACK = 8;
const PUT = 16;
const ROWS = 64;

export interface ScanBoard {
  /** Takes the user with this index; false: the other has it, or has all that are left. Seldom both get one. */
  readonly takeFromFront: (index: number) => boolean;
  readonly takeFromBack: (index: number) => boolean;
  /** Puts rows down behind those before. Throws what writing throws. */
  readonly put: (rows: Buffer) => void;
  /** Rows put down by the other since the last time; empty: none. */
  readonly collect: () => Buffer;
}

/** One side's view of the board, an empty file at first. */
export function openScanBoard(fd: number, users: number): ScanBoard {
  let mine = 0;
  let seen = 0;
  const cell = new Float64Array(1);
  const read = (place: number) => (fs.readSync(fd, cell, 0, 8, place) === 8 ? (cell[0] ?? 0) : 0);
  const write = (place: number, value: number) => {
    cell[0] = value;
    fs.writeSync(fd, cell, 0, 8, place);
  };
  return {
    takeFromFront: (index) => {
      write(FRONT, index + 1);
      return index < users - read(BACK);
    },
    takeFromBack: (index) => {
      write(BACK, users - index);
      return index >= read(FRONT);
    },
    put: (rows) => {
      for (let done = 0; done < rows.length;)
        done += fs.writeSync(fd, rows, done, rows.length - done, ROWS + mine + done);
      mine += rows.length;
      write(PUT, mine);
    },
    collect: () => {
      const length = read(PUT) - seen;
      if (!(length > 0)) return Buffer.alloc(0);
      const rows = Buffer.allocUnsafeSlow(Math.min(length, Math.max(fs.fstatSync(fd).size - ROWS - seen, 0)));
      const got = rows.length === 0 ? 0 : fs.readSync(fd, rows, 0, rows.length, ROWS + seen);
      seen += got;
      return rows.subarray(0, got);
    },
  };
}
