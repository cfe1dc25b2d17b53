// Many small texts outside of the heap, to be given back in another order: 100,000 of them as strings would double a list's memory.

const CHUNK = 1 << 20;
/** References pack a place and a length into one number. */
const LENGTHS = 1 << 16;

export interface TextStore {
  /** Gives a reference. Texts of 64 KiB and more are cut. */
  readonly add: (text: string | Buffer) => number;
  readonly get: (reference: number) => string;
}

/** An empty store. */
export function createTextStore(): TextStore {
  const chunks: Buffer[] = [];
  let used = CHUNK;
  return {
    add: (text) => {
      const length = Math.min(Buffer.byteLength(text), LENGTHS - 1);
      if (used + length > CHUNK) {
        chunks.push(Buffer.allocUnsafeSlow(CHUNK));
        used = 0;
      }
      if (typeof text === 'string') chunks.at(-1)?.write(text, used, length);
      else chunks.at(-1)?.set(text.subarray(0, length), used);
      const place = (chunks.length - 1) * CHUNK + used;
      used += length;
      return place * LENGTHS + length;
    },
    get: (reference) => {
      const place = Math.floor(reference / LENGTHS);
      const start = place % CHUNK;
      return chunks[Math.floor(place / CHUNK)]?.toString('utf8', start, start + (reference % LENGTHS)) ?? '';
    },
  };
}
