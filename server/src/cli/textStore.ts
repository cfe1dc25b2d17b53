// Many small texts outside of the heap, to be given back in another order: 100,000 of them as strings would double a list's memory.

const CHUNK = 1 << 20;
/** References pack a place and a length into one number. */
const LENGTHS = 1 << 16;

export interface TextStore {
  /** Gives a reference. Texts of 64 KiB and more are cut. */
  readonly add: (text: string | Buffer) => number;
  /** The texts in this order as bytes, each behind `lead`. */
  readonly gather: (references: readonly number[], lead: string) => Buffer;
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
    gather: (references, lead) => {
      const start = Buffer.from(lead);
      const size = references.reduce((sum, reference) => sum + start.length + (reference % LENGTHS), 0);
      const all = Buffer.allocUnsafeSlow(size);
      let at = 0;
      for (const reference of references) {
        at += start.copy(all, at);
        const place = Math.floor(reference / LENGTHS);
        const from = place % CHUNK;
        at += chunks[Math.floor(place / CHUNK)]?.copy(all, at, from, from + (reference % LENGTHS)) ?? 0;
      }
      return all;
    },
  };
}
