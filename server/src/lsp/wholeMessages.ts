// Messages to the client, each with its header in one write: the library's own writer takes two and waits between them, which
// wakes the client twice for every answer. What is text already goes out as it is.
import type { Writable } from 'node:stream';
import { JsonText } from './jsonText.ts';
import { AbstractMessageWriter, type Message, type MessageWriter } from 'vscode-languageserver';

/** A writer of messages for a stream; messages go out in the order in which they are given. */
export class WholeMessageWriter extends AbstractMessageWriter implements MessageWriter {
  private readonly stream: Writable;
  private errors = 0;

  constructor(stream: Writable) {
    super();
    this.stream = stream;
    stream.on('error', (error: Error) => this.fireError(error));
    stream.on('close', () => this.fireClose());
  }

  /** Resolves when the message is handed over. */
  write(message: Message): Promise<void> {
    const chunks = chunksOf(message);
    this.stream.cork();
    for (const chunk of chunks.slice(0, -1)) this.stream.write(chunk);
    const written = new Promise<void>((resolve, reject) => {
      this.stream.write(chunks.at(-1) ?? '', (error) => {
        if (!error) {
          this.errors = 0;
          resolve();
          return;
        }
        this.errors += 1;
        this.fireError(error, message, this.errors);
        reject(error);
      });
    });
    this.stream.uncork();
    return written;
  }

  end(): void {
    this.stream.end();
  }
}

/** A message with its header; in one chunk unless a part of it is text already. */
function chunksOf(message: Message): (string | Uint8Array)[] {
  const [content, ...rest] = contentOf(message);
  const length = rest.reduce((sum, { byteLength }) => sum + byteLength, Buffer.byteLength(content));
  return [`Content-Length: ${length}\r\n\r\n${content}`, ...rest];
}

const CLOSE = Buffer.from('}');

function contentOf(message: Message): [string, ...Uint8Array[]] {
  for (const key of ['result', 'params'] as const) {
    const { [key]: value } = message as Message & { result?: unknown; params?: unknown };
    if (!(value instanceof JsonText)) continue;
    const others = JSON.stringify({ ...message, [key]: undefined });
    return [`${others.slice(0, -1)},"${key}":`, ...value.pieces, CLOSE];
  }
  return [JSON.stringify(message)];
}
