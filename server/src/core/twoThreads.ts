// Does a piece of work for chunks of names in order, on two threads where there are many. The second thread is a help, never
// needed: what it does not deliver is done here.
import { MessageChannel, receiveMessageOnPort, type MessagePort, type Worker } from 'node:worker_threads';
import {
  CHUNK_NAMES,
  chunkNames,
  finishedCount,
  noteFinished,
  noteWritten,
  shareNames,
  takeChunk,
  waitForMessage,
  waitForOutput,
  type SharedNames,
} from './sharedChunks.ts';

/** After this silence the other thread counts as lost. */
const PATIENCE_MS = 3000;

/** What the second thread gets, beside what the work itself needs. */
export interface ChunkTask {
  readonly shared: SharedNames;
  readonly port: MessagePort;
}

/** What it sends: the result of one chunk. */
interface ChunkMessage<Result> {
  readonly chunk: number;
  readonly result: Result;
}

export interface ChunkWork<Result> {
  readonly do: (names: readonly string[]) => Result;
  /** Below this many names a second thread costs more than it brings. */
  readonly parallelAbove: number;
  /** Starts the second thread, which calls serveChunks. */
  readonly startHelper: (task: ChunkTask) => Worker | undefined;
}

/** Results of all names, in order. */
export function* workOnChunks<Result>(names: readonly string[], work: ChunkWork<Result>): Generator<Result> {
  if (names.length > work.parallelAbove) {
    yield* onTwoThreads(shareNames(names), work);
    return;
  }
  for (let at = 0; at < names.length; at += CHUNK_NAMES) yield work.do(names.slice(at, at + CHUNK_NAMES));
}

function* onTwoThreads<Result>(shared: SharedNames, work: ChunkWork<Result>): Generator<Result> {
  const { port1, port2 } = new MessageChannel();
  const helper = work.startHelper({ shared, port: port2 });
  const ready = new Map<number, Result>();
  const own = (chunk: number) => work.do(chunkNames(shared, chunk));
  try {
    for (let next = 0; next < shared.starts.length - 1; next++) {
      while (!ready.has(next)) {
        const chunk = takeChunk(shared);
        if (chunk !== undefined) ready.set(chunk, own(chunk));
        collect(port1, ready);
        if (chunk === undefined && !ready.has(next) && !awaitMessage(port1, shared, ready))
          ready.set(next, own(next));
      }
      const result = ready.get(next);
      ready.delete(next);
      noteWritten(shared, next);
      if (result !== undefined) yield result;
    }
  } finally {
    port1.close();
    void helper?.terminate();
  }
}

function collect<Result>(port: MessagePort, ready: Map<number, Result>): boolean {
  let any = false;
  for (let packet = receiveMessageOnPort(port); packet; packet = receiveMessageOnPort(port)) {
    const { chunk, result } = packet.message as ChunkMessage<Result>;
    ready.set(chunk, result);
    any = true;
  }
  return any;
}

/** True when a message came; false when the other thread stays silent. */
function awaitMessage<Result>(port: MessagePort, shared: SharedNames, ready: Map<number, Result>): boolean {
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until) {
    const seen = finishedCount(shared);
    if (collect(port, ready)) return true;
    waitForMessage(shared, seen, 100);
  }
  return false;
}

/** The second thread's half: takes chunks until none is left, and gives the bytes of each result away. */
export function serveChunks(
  { shared, port }: ChunkTask,
  work: (names: readonly string[]) => { readonly bytes: Uint8Array },
): void {
  for (let chunk = takeChunk(shared); chunk !== undefined; chunk = takeChunk(shared)) {
    const done = work(chunkNames(shared, chunk));
    const bytes = ownBytes(done.bytes);
    const message: ChunkMessage<typeof done> = { chunk, result: { ...done, bytes } };
    port.postMessage(message, [bytes.buffer]);
    noteFinished(shared);
    waitForOutput(shared, chunk);
  }
  port.close();
}

/** Bytes in a buffer of their own: the pool behind small ones cannot be given away. */
export function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const isOwn = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
  return isOwn ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}
