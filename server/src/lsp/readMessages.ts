// Messages from the client. A big plan that is to be applied stays text, which only a worker reads; everything else becomes a value.
import type { Message, RAL } from 'vscode-languageserver';
import { JsonText } from './jsonText.ts';

type Decoder = RAL['applicationJson']['decoder'];

/** Smaller ones are read in a few milliseconds. */
const BIG = 256 * 1024;

/** How clients write it; in any other layout it is read like every message. */
const APPLY = /^\{"jsonrpc":"2\.0","id":(\d+|"[^"\\]*"),"method":"hpcCompose\/prune\/apply","params":\{/;

/** Reads one message. Rejects for what is no JSON. */
export const messageDecoder: Decoder = {
  name: 'application/json',
  decode: (bytes) =>
    new Promise((resolve) => {
      const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      resolve(bigPlan(body) ?? (JSON.parse(body.toString('utf8')) as Message));
    }),
};

function bigPlan(body: Buffer): Message | undefined {
  if (body.length < BIG || body.at(-1) !== '}'.charCodeAt(0)) return undefined;
  const [head, id] = APPLY.exec(body.toString('latin1', 0, 300)) ?? [];
  if (head === undefined || id === undefined) return undefined;
  const params = new JsonText([body.subarray(head.length - 1, -1)]);
  const message = { jsonrpc: '2.0', id: JSON.parse(id) as number | string, method: 'hpcCompose/prune/apply' };
  return { ...message, params } as Message;
}
