// Standard output written at once and in order, for results too big to be queued. A reader that went away ends the writing
// quietly; a full disk is a failure with a name.
import fs from 'node:fs';
import { ioFailure } from '../core/ioFailure.ts';

export interface Stdout {
  /** Takes bytes; they may be held until `end`. Throws no-space and the like. */
  readonly write: (bytes: Uint8Array) => void;
  readonly end: () => void;
}

const HOLD_BYTES = 256 * 1024;
const PAUSE_MS = 5;

/** A writer to descriptor 1. */
export function createStdout(): Stdout {
  let held: Uint8Array[] = [];
  let size = 0;
  let closed = false;
  const flush = () => {
    const bytes = Buffer.concat(held);
    held = [];
    size = 0;
    if (!closed) closed = !writeAll(bytes);
  };
  return {
    write: (bytes) => {
      // A copy: callers reuse what they hand in.
      held.push(Buffer.from(bytes));
      size += bytes.length;
      if (size >= HOLD_BYTES) flush();
    },
    end: flush,
  };
}

/** False when the reader is gone. */
function writeAll(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length;) {
    try {
      at += fs.writeSync(1, bytes, at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') return false;
      if (code !== 'EAGAIN') throw ioFailure(error, 'standard output');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
  return true;
}
