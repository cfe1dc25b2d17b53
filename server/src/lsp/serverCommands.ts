// Commands of the code lenses for editors without our client: advertised only when the client asked for them
// (`serverCommands`), under ids of their own. None of them removes anything.
import {
  MessageType,
  ShowMessageNotification,
  type CancellationToken,
  type Connection,
} from 'vscode-languageserver';
import type { InspectResult, PrepareResult } from '../model/cache.ts';
import type { LensArgument } from '../model/protocol.ts';
import { guarded } from './guarded.ts';
import type { RunPrepare } from './prepareFeature.ts';
import type { FeatureRegistration, ServerContext } from './serverContext.ts';

const PREFIX = 'hpcCompose.server.';
const COMMANDS = [
  'prepareService',
  'prepareAll',
  'cancelOperation',
  'cache.inspect',
  'cache.prune',
  'stateMenu',
];
const PRUNE_HINT =
  'Look at what would go with `hpc-compose-ts cache prune --dry-run`; then run it without --dry-run.';

type Inspect = (uri: string, signal: AbortSignal) => Promise<InspectResult>;

/** Registers them where they were asked for. */
export function registerServerCommands(
  context: ServerContext,
  prepare: RunPrepare,
  inspect: Inspect,
): FeatureRegistration {
  if (!context.options.serverCommands) return {};
  const { connection, log } = context;
  const running = new Set<AbortController>();
  const run = async (command: string, argument: LensArgument, signal: AbortSignal): Promise<void> => {
    switch (command) {
      case 'prepareService':
      case 'prepareAll':
        return prepareWithProgress(context, prepare, argument, running, signal);
      case 'cancelOperation':
        running.forEach((one) => one.abort());
        return;
      case 'cache.prune':
        say(connection, MessageType.Info, PRUNE_HINT);
        return;
      default: {
        const result = await inspect(argument.uri, signal);
        say(connection, MessageType.Info, summary(result, argument.service));
      }
    }
  };
  connection.onExecuteCommand(({ command, arguments: given }, token: CancellationToken) =>
    guarded(log, command, token, (signal) => {
      const argument = (given?.[0] ?? {}) as LensArgument;
      // The answer does not wait: editors block on commands, and what is shown here may stay open for long.
      void run(command.slice(PREFIX.length), argument, signal).catch((error: unknown) =>
        tell(context, error),
      );
      return null;
    }),
  );
  return { capabilities: { executeCommandProvider: { commands: COMMANDS.map((name) => PREFIX + name) } } };
}

async function prepareWithProgress(
  { connection, client }: ServerContext,
  prepare: RunPrepare,
  { uri, service }: LensArgument,
  running: Set<AbortController>,
  signal: AbortSignal,
): Promise<void> {
  const own = new AbortController();
  running.add(own);
  const progress = client.workDoneProgress ? await connection.window.createWorkDoneProgress() : undefined;
  progress?.begin(
    service === undefined ? 'Preparing images' : `Preparing ${service}`,
    undefined,
    undefined,
    true,
  );
  progress?.token.onCancellationRequested(() => own.abort());
  try {
    const params = { uri, ...(service === undefined ? {} : { service }) };
    const result = await prepare(params, AbortSignal.any([own.signal, signal]));
    say(connection, MessageType.Info, outcome(result));
  } finally {
    running.delete(own);
    progress?.done();
  }
}

function tell({ connection, log }: ServerContext, error: unknown): void {
  if (error instanceof Error && error.name === 'AbortError') return;
  log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  const { hint } = error as { hint?: string };
  const message = error instanceof Error ? error.message : String(error);
  say(connection, MessageType.Error, hint ? `${message} ${hint}` : message);
}

function say(connection: Connection, type: MessageType, message: string): void {
  void connection.sendNotification(ShowMessageNotification.type, { type, message });
}

function summary({ services, cache_dir }: InspectResult, only: string | undefined): string {
  const shown = services.filter(({ service_name }) => only === undefined || service_name === only);
  const states = shown.map((one) => `${one.service_name}: ${one.current_reuse_expectation}`);
  return `${cache_dir}: ${states.join(', ')}`;
}

function outcome({ services }: PrepareResult): string {
  return services.map((one) => `${one.service_name}: ${one.runtime_image.action}`).join(', ');
}
