// Runs one command line: help, version, dispatch; turns failures into messages on stderr and exit codes.
import { ioFailure } from '../core/ioFailure.ts';
import { OperationFailure } from '../model/failure.ts';
import { nearestName } from '../spec/nearestName.ts';
import { parseLine, type ParsedLine } from './arguments.ts';
import { UsageError, type CommandContext, type CommandDefinition } from './command.ts';
import { commandHelp, overviewHelp } from './help.ts';
import { optimiseLate } from '../core/optimiseLate.ts';

declare const __PRODUCT_VERSION__: string | undefined;

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Gives the exit code. Never throws. */
export async function runCommandLine(
  argv: readonly string[],
  commands: readonly CommandDefinition[],
): Promise<number> {
  const stop = heedSignals();
  endQuietlyOnBrokenPipe();
  try {
    const parsed = parseLine(argv, commands);
    return await dispatch(parsed, commands, stop);
  } catch (error) {
    return stop.exitCode() ?? report(error, argv.includes('--debug'));
  }
}

interface StopSignal {
  readonly signal: () => AbortSignal;
  /** Of the signal that came, if any. */
  readonly exitCode: () => number | undefined;
}

/**
 * Signals of the system as an abort signal, heeded once somebody asks for it. Until then they end the process at once: a long
 * analysis hears nothing, and leaves nothing to clean up.
 */
function heedSignals(): StopSignal {
  const stop = new AbortController();
  let isHeeding = false;
  let exitCode: number | undefined;
  const heed = () => {
    isHeeding = true;
    for (const [signal, code] of Object.entries(SIGNALS))
      process.on(signal, () => {
        exitCode ??= code;
        stop.abort();
      });
  };
  return {
    signal: () => {
      if (!isHeeding) heed();
      return stop.signal;
    },
    exitCode: () => exitCode,
  };
}

async function dispatch(
  { command, words, args }: ParsedLine,
  commands: readonly CommandDefinition[],
  stop: StopSignal,
): Promise<number> {
  const quiet = args.switches.has('quiet');
  const context = createContext(quiet, args.switches, stop);
  if (args.switches.has('version')) {
    await context.out(
      `hpc-compose-ts ${typeof __PRODUCT_VERSION__ === 'string' ? __PRODUCT_VERSION__ : '0.0.0'}\n`,
    );
    return 0;
  }
  if (!command) return await withoutCommand(words, commands, args.switches.has('help'), context);
  if (args.switches.has('help')) {
    await context.out(commandHelp(command));
    return 0;
  }
  if (!command.positionals && args.positionals.length > 0) {
    throw new UsageError(`unexpected argument '${args.positionals[0] ?? ''}'`);
  }
  if (command.isShort) optimiseLate();
  const run = await command.load();
  return await run(context, args);
}

async function withoutCommand(
  words: readonly string[],
  commands: readonly CommandDefinition[],
  help: boolean,
  context: CommandContext,
): Promise<number> {
  const topic = helpTopic(words);
  if (topic) return await showHelp(topic, commands, context);
  const group = commands.filter((command) => command.path[0] === words[0]);
  const shown = group.length > 0 ? group : commands;
  if (help) {
    await context.out(overviewHelp(shown));
    return 0;
  }
  process.stderr.write(`error: ${problemOf(words, group, commands)}\n\n${overviewHelp(shown)}`);
  return 2;
}

/** The command that `help …` or `GROUP help …` asks about: no words for the whole program. */
function helpTopic(words: readonly string[]): readonly string[] | undefined {
  const at = words.indexOf('help');
  return at === 0 || at === 1 ? words.toSpliced(at, 1) : undefined;
}

async function showHelp(
  topic: readonly string[],
  commands: readonly CommandDefinition[],
  context: CommandContext,
): Promise<number> {
  const shown = commands.filter(({ path }) => topic.every((word, index) => path[index] === word));
  const [only] = shown;
  if (!only) throw new UsageError(`unknown command '${topic.join(' ')}'`);
  const isCommand = shown.length === 1 && only.path.length === topic.length;
  await context.out(isCommand ? commandHelp(only) : overviewHelp(shown));
  return 0;
}

function problemOf(
  words: readonly string[],
  group: readonly CommandDefinition[],
  commands: readonly CommandDefinition[],
): string {
  const [first, second] = words;
  if (first === undefined) return 'a command is needed';
  if (group.length > 0 && second === undefined) return `'${first}' needs one of the commands below`;
  const asked = group.length > 0 ? `${first} ${second ?? ''}` : first;
  const known = commands.map(({ path }) => (group.length > 0 ? path.join(' ') : (path[0] ?? '')));
  const meant = nearestName(asked, known);
  return `unknown command '${words.join(' ')}'${meant === undefined ? '' : `; did you mean '${meant}'?`}`;
}

function createContext(quiet: boolean, switches: ReadonlySet<string>, stop: StopSignal): CommandContext {
  const write = (text: string) => void process.stderr.write(`${text}\n`);
  const silent = () => undefined;
  return {
    cwd: workingDirectory(),
    env: process.env,
    out: writeOut,
    say: quiet ? silent : write,
    log: {
      debug: switches.has('debug') ? write : silent,
      info: switches.has('verbose') || switches.has('debug') ? write : silent,
      warn: write,
      error: write,
    },
    get signal() {
      return stop.signal();
    },
    // Opening it takes 2 ms, and few commands ask.
    get stdinIsTerminal() {
      return process.stdin.isTTY;
    },
    readStdin,
  };
}

// A working directory that was deleted has only its old name; absolute paths go on working.
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return process.env.PWD ?? '/';
  }
}

function writeOut(text: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE') reject(error);
      else resolve();
    });
  });
}

async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function endQuietlyOnBrokenPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') process.exitCode = 1;
    });
  }
}

/** A refusal of the system that nobody foresaw is told as one, not as a bug of ours. */
function asFailure(error: unknown): unknown {
  const { syscall, path } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  return syscall === undefined || path === undefined ? error : ioFailure(error, path);
}

/** Exit codes of expected failures that are not 1. */
const EXIT_CODES: Readonly<Record<string, number>> = { 'spec-invalid': 2, usage: 2 };

function report(thrown: unknown, debug: boolean): number {
  const error = asFailure(thrown);
  if (error instanceof UsageError) {
    process.stderr.write(`error: ${error.message}\nTry --help.\n`);
    return 2;
  }
  if (error instanceof OperationFailure) {
    process.stderr.write(`error: ${error.message}\nhint: ${error.hint}\n`);
    return EXIT_CODES[error.code] ?? 1;
  }
  const text =
    error instanceof Error ? (debug ? (error.stack ?? error.message) : error.message) : String(error);
  process.stderr.write(
    `error: ${text}\nThis is a bug in hpc-compose-ts; run again with --debug and report it.\n`,
  );
  return 1;
}
