// Messages to the client, each with its header in one write: the library's own writer takes two and waits between them, which
// wakes the client twice for every answer.
import { AbstractMessageWriter, type Message, type MessageWriter } from 'vscode-languageserver';

/** A writer of messages for a stream; messages go out in the order in which they are given. */
export class WholeMessageWriter extends AbstractMessageWriter implements MessageWriter {
  private readonly stream: NodeJS.WritableStream;
  private errors = 0;

  constructor(stream: NodeJS.WritableStream) {
    super();
    this.stream = stream;
    stream.on('error', (error: Error) => this.fireError(error));
    stream.on('close', () => this.fireClose());
  }

  /** Resolves when the message is handed over. */
  write(message: Message): Promise<void> {
    const content = JSON.stringify(message);
    const text = `Content-Length: ${Buffer.byteLength(content)}\r\n\r\n${content}`;
    return new Promise((resolve, reject) => {
      this.stream.write(text, (error) => {
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
  }

  end(): void {
    this.stream.end();
  }
}
