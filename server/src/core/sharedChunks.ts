// Names of one big directory, cut into chunks that two threads take from the same counter. Lives in shared memory: nothing is
// copied to the worker, and the one that is faster does more.
const CONTROL = { next: 0, written: 1, finished: 2 } as const;

/** Names in a chunk: big enough to be worth a message, small enough to be held. */
export const CHUNK_NAMES = 512;

/** A worker that is this many chunks ahead of the output waits: memory stays bounded however slow the reader is. */
const AHEAD_LIMIT = 48;

export interface SharedNames {
  readonly control: SharedArrayBuffer;
  readonly names: SharedArrayBuffer;
  /** Where each chunk's names begin, and the end. */
  readonly starts: readonly number[];
}

/** Puts names into shared memory, each ended by a zero byte (no name holds one). */
export function shareNames(names: readonly string[]): SharedNames {
  const parts: Buffer[] = [];
  const starts = [0];
  for (let at = 0; at < names.length; at += CHUNK_NAMES) {
    const part = Buffer.from(`${names.slice(at, at + CHUNK_NAMES).join('\0')}\0`, 'utf8');
    parts.push(part);
    starts.push((starts.at(-1) ?? 0) + part.length);
  }
  const shared = new SharedArrayBuffer(starts.at(-1) ?? 0);
  const bytes = Buffer.from(shared);
  parts.forEach((part, index) => part.copy(bytes, starts[index]));
  return { control: new SharedArrayBuffer(12), names: shared, starts };
}

/** Names of one chunk. */
export function chunkNames({ names, starts }: SharedNames, chunk: number): string[] {
  const text = Buffer.from(names).toString('utf8', starts[chunk], (starts[chunk + 1] ?? 1) - 1);
  return text.split('\0');
}

/** Takes the next chunk that nobody has, or undefined when there is none. */
export function takeChunk({ control, starts }: SharedNames): number | undefined {
  const chunk = Atomics.add(new Int32Array(control), CONTROL.next, 1);
  return chunk < starts.length - 1 ? chunk : undefined;
}

/** Tells the worker how far the output is. */
export function noteWritten({ control }: SharedNames, chunks: number): void {
  const view = new Int32Array(control);
  Atomics.store(view, CONTROL.written, chunks);
  Atomics.notify(view, CONTROL.written);
}

/** In the worker: waits until a chunk is not too far ahead of the output. */
export function waitForOutput({ control }: SharedNames, chunk: number): void {
  const view = new Int32Array(control);
  for (;;) {
    const written = Atomics.load(view, CONTROL.written);
    if (chunk - written < AHEAD_LIMIT) return;
    Atomics.wait(view, CONTROL.written, written, 1000);
  }
}

/** In the worker: says that a message was sent. */
export function noteFinished({ control }: SharedNames): void {
  const view = new Int32Array(control);
  Atomics.add(view, CONTROL.finished, 1);
  Atomics.notify(view, CONTROL.finished);
}

/** Number of messages that the worker sent. */
export function finishedCount({ control }: SharedNames): number {
  return Atomics.load(new Int32Array(control), CONTROL.finished);
}

/** Blocks until the worker sent another message, at most some milliseconds. */
export function waitForMessage({ control }: SharedNames, seen: number, milliseconds: number): void {
  Atomics.wait(new Int32Array(control), CONTROL.finished, seen, milliseconds);
}
