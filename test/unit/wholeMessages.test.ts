// Messages on a stream: one header and one body each, whether a part of them is a value or text already, or stays text.
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { StreamMessageReader, type Message } from 'vscode-languageserver/node';
import { packList } from '../../server/src/core/packed/packList.ts';
import { JsonText, withPackedEntries } from '../../server/src/lsp/jsonText.ts';
import { messageDecoder } from '../../server/src/lsp/readMessages.ts';
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

describe('messages from the client', () => {
  const read = (text: string) =>
    messageDecoder.decode(Buffer.from(text), { charset: 'utf-8' }) as Promise<Message & { params?: unknown }>;
  const params = { plan: { cache_dir: '/c/ü', entries: ['x'.repeat(300_000)] }, partialResultToken: 1 };
  const apply = { jsonrpc: '2.0', id: 'a1', method: 'hpcCompose/prune/apply', params };

  it('leave a big plan that is to be applied as text, whole', async () => {
    const { params: text, ...others } = await read(JSON.stringify(apply));
    assert.deepEqual(others, { jsonrpc: '2.0', id: 'a1', method: 'hpcCompose/prune/apply' });
    assert.ok(text instanceof JsonText);
    assert.deepEqual(text.toJSON(), params);
  });

  it('become values otherwise: small ones, other requests, other layouts', async () => {
    const { jsonrpc, id, method } = apply;
    const others = [
      { ...apply, params: { plan: { entries: [] } } },
      { ...apply, method: 'hpcCompose/prune/applyAll' },
      { jsonrpc, method, params },
      { id, jsonrpc, method, params },
      { ...apply, params: [params] },
    ];
    for (const message of others) assert.deepEqual(await read(JSON.stringify(message)), message);
    assert.deepEqual(await read(`${JSON.stringify(apply)} \n`), apply);
  });

  it('are refused when they are no JSON', async () => {
    await assert.rejects(read('{"jsonrpc"'), SyntaxError);
  });
});
