// Renders all manifests of one directory in order, on two threads where there are many. The second thread is a help, never
// needed: what it does not deliver is done here.
import { MessageChannel, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import type { BytesReader } from '../manifestFile.ts';
import { startWorker } from '../worker.ts';
import type { ListingFormat } from './renderEntry.ts';
import { renderNames, type RenderedNames } from './renderNames.ts';
import {
  CHUNK_NAMES,
  chunkNames,
  finishedCount,
  noteWritten,
  shareNames,
  takeChunk,
  waitForMessage,
  type SharedNames,
} from './sharedChunks.ts';

/** Below this a second thread costs more than it brings. */
const PARALLEL_ABOVE = 12_000;

/** After this silence the worker counts as lost. */
const PATIENCE_MS = 3000;

/** What the worker is started with. */
export interface RenderTask {
  readonly directory: string;
  readonly format: ListingFormat;
  readonly shared: SharedNames;
  readonly port: MessagePort;
}

/** What it sends: one chunk, rendered. */
export interface RenderMessage extends RenderedNames {
  readonly chunk: number;
}

/** Rendered pieces of a directory's manifests, in order. */
export function* renderRun(
  directory: string,
  names: readonly string[],
  format: ListingFormat,
  read: BytesReader,
): Generator<RenderedNames> {
  if (names.length > PARALLEL_ABOVE) {
    yield* renderOnTwoThreads(directory, shareNames(names), format, read);
    return;
  }
  for (let at = 0; at < names.length; at += CHUNK_NAMES)
    yield renderNames(directory, names.slice(at, at + CHUNK_NAMES), format, read);
}

function* renderOnTwoThreads(
  directory: string,
  shared: SharedNames,
  format: ListingFormat,
  read: BytesReader,
): Generator<RenderedNames> {
  const { port1, port2 } = new MessageChannel();
  const worker = startWorker('render', { directory, format, shared, port: port2 }, [port2]);
  const ready = new Map<number, RenderedNames>();
  const own = (chunk: number) => renderNames(directory, chunkNames(shared, chunk), format, read);
  try {
    for (let next = 0; next < shared.starts.length - 1; next++) {
      while (!ready.has(next)) {
        const chunk = takeChunk(shared);
        if (chunk !== undefined) ready.set(chunk, own(chunk));
        collect(port1, ready);
        if (chunk === undefined && !ready.has(next) && !awaitMessage(port1, shared, ready))
          ready.set(next, own(next));
      }
      const piece = ready.get(next);
      ready.delete(next);
      noteWritten(shared, next);
      if (piece) yield piece;
    }
  } finally {
    port1.close();
    void worker?.terminate();
  }
}

function collect(port: MessagePort, ready: Map<number, RenderedNames>): boolean {
  let any = false;
  for (let packet = receiveMessageOnPort(port); packet; packet = receiveMessageOnPort(port)) {
    const { chunk, ...rendered } = packet.message as RenderMessage;
    ready.set(chunk, rendered);
    any = true;
  }
  return any;
}

/** True when a message came; false when the worker stays silent. */
function awaitMessage(port: MessagePort, shared: SharedNames, ready: Map<number, RenderedNames>): boolean {
  const until = Date.now() + PATIENCE_MS;
  while (Date.now() < until) {
    const seen = finishedCount(shared);
    if (collect(port, ready)) return true;
    waitForMessage(shared, seen, 100);
  }
  return false;
}
