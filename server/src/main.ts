// The language server's door: LSP over stdio (`--stdio`), node-ipc, a socket or a pipe. The process ends when the client goes away.
import './runtimeFirst.ts';
import { createConnection, StreamMessageReader, type Connection } from 'vscode-languageserver/node';
import { realPorts } from './core/ports.ts';
import { messageDecoder } from './lsp/readMessages.ts';
import { startServer } from './lsp/server.ts';
import { WholeMessageWriter } from './lsp/wholeMessages.ts';

declare const __PRODUCT_VERSION__: string | undefined;

const TRANSPORTS = ['--stdio', '--node-ipc', '--socket', '--pipe'];
let isShutDown = false;
const version = typeof __PRODUCT_VERSION__ === 'string' ? __PRODUCT_VERSION__ : 'development';

const args = process.argv.slice(2);
if (args.includes('--version')) {
  process.stdout.write(`${version}\n`);
} else if (!args.some((arg) => TRANSPORTS.some((name) => arg === name || arg.startsWith(`${name}=`)))) {
  process.stderr.write(
    'This is the HPC Compose language server. Start it with --stdio (or --node-ipc, --socket=N, --pipe=NAME).\n',
  );
  process.exitCode = 2;
} else {
  startServer({
    connection: connect(),
    ports: (log) => realPorts(log, process.env),
    version,
    warmUp: true,
    onShutdown: () => (isShutDown = true),
  });
}

/** Standard streams get a writer of our own; the library knows all other ways. */
function connect(): Connection {
  if (!args.includes('--stdio')) return createConnection();
  // What a library prints must not come between messages.
  console.log = console.info = console.debug = console.error;
  const { stdin, stdout } = process;
  for (const event of ['end', 'close']) stdin.once(event, () => process.exit(isShutDown ? 0 : 1));
  return createConnection(
    new StreamMessageReader(stdin, { contentTypeDecoder: messageDecoder }),
    new WholeMessageWriter(stdout),
  );
}
