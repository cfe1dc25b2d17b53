// Messages on a stream: one header and one body each, whether a part of them is a value or text already.
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { StreamMessageReader, type Message } from 'vscode-languageserver/node';
import { packList } from '../../server/src/core/packed/packList.ts';
import { JsonText, withPackedEntries } from '../../server/src/lsp/jsonText.ts';
import { WholeMessageWriter } from '../../server/src/lsp/wholeMessages.ts';

interface Listed {
  readonly cache_dir: string;
  readonly entries: { name: string }[];
}

describe('messages to the client', () => {
  const entries = Array.from({ length: 600 }, (_, index) => ({ name: `käse "${index}"\n` }));
  const rest = { cache_dir: '/c/ü' };
  const packed = (count: number) => withPackedEntries<Listed>(rest, [...packList(entries.slice(0, count))]);

  /** What arrives at the other end of a stream. */
  const sent = async (...messages: object[]) => {
    const stream = new PassThrough();
    const received: Message[] = [];
    const all = new Promise<void>((resolve) => {
      new StreamMessageReader(stream).listen((message) => {
        received.push(message);
        if (received.length === messages.length) resolve();
      });
    });
    const writer = new WholeMessageWriter(stream);
    await Promise.all(messages.map((message) => writer.write(message as Message)));
    await all;
    return received as object[];
  };

  it('arrive in order, with the text of a worker in the place of a result or of parameters', async () => {
    const value = (count: number) => ({ ...rest, entries: entries.slice(0, count) });
    const around = { jsonrpc: '2.0' };
    assert.deepEqual(
      await sent(
        { ...around, id: 1, result: packed(600) },
        { ...around, id: 2, result: 'short' },
        { ...around, method: 'told', params: packed(1) },
        { ...around, id: 3, result: packed(0) },
        { ...around, id: 4, result: null },
      ),
      [
        { ...around, id: 1, result: value(600) },
        { ...around, id: 2, result: 'short' },
        { ...around, method: 'told', params: value(1) },
        { ...around, id: 3, result: value(0) },
        { ...around, id: 4, result: null },
      ],
    );
  });

  it('say the same to writers that know values alone', () => {
    assert.deepEqual(JSON.parse(JSON.stringify({ result: packed(300) })), {
      result: { ...rest, entries: entries.slice(0, 300) },
    });
    assert.equal(new JsonText<number>([Buffer.from('4'), Buffer.from('2')]).toJSON(), 42);
  });
});
