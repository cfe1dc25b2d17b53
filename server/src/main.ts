// The language server's door: LSP over stdio (`--stdio`), node-ipc, a socket or a pipe. The protocol library ends the process
// when the client goes away.
import { createConnection } from 'vscode-languageserver/node';
import { realPorts } from './core/ports.ts';
import { keepHeapSmall } from './core/smallHeap.ts';
import { startServer } from './lsp/server.ts';

declare const __PRODUCT_VERSION__: string | undefined;

const TRANSPORTS = ['--stdio', '--node-ipc', '--socket', '--pipe'];
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
  keepHeapSmall();
  startServer({
    connection: createConnection(),
    ports: (log) => realPorts(log, process.env),
    version,
    warmUp: true,
  });
}
