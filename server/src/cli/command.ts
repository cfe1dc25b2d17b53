// A command of the shell door as data: its words, its flags, and a lazily loaded function that does it.
import type { Log } from '../core/ports.ts';

export interface FlagDefinition {
  /** Words for --help; absent: accepted and not shown. */
  readonly help?: string;
  /** Placeholder of the value; absent: a switch. */
  readonly value?: string;
  readonly repeat?: boolean;
  readonly short?: string;
  /** The words that it takes; absent: any. */
  readonly choices?: readonly string[];
  /** An empty value is a mistake: the path of a file or directory. */
  readonly filled?: true;
}

export type FlagTable = Readonly<Record<string, FlagDefinition>>;

/** Parsed flags: switches are true, values are lists in the order given. */
export interface Arguments {
  readonly switches: ReadonlySet<string>;
  readonly values: Readonly<Record<string, readonly string[]>>;
  readonly positionals: readonly string[];
}

export interface CommandContext {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Results. Resolves when the text was taken, so that big output is streamed. */
  readonly out: (text: string | Uint8Array) => Promise<void>;
  /** Progress and messages, on stderr. Silent with --quiet. */
  readonly say: (text: string) => void;
  readonly log: Log;
  /** Aborted by SIGINT, SIGTERM and SIGHUP from the first time that it is asked for; before, they end the process. */
  readonly signal: AbortSignal;
  readonly stdinIsTerminal: boolean;
  readonly readStdin: () => Promise<Buffer>;
}

export interface CommandDefinition {
  /** Words that select it, e.g. ['cache', 'list']. */
  readonly path: readonly string[];
  readonly summary: string;
  readonly flags: FlagTable;
  /** Seldom runs for longer than a second: see shortRun.ts. */
  readonly isShort?: true;
  /** Placeholder of positional words for --help; absent: none are taken. */
  readonly positionals?: string;
  /** Gives the exit code: 0 ok, 1 failed, 2 usage or spec, 3 environment, 4 lint. */
  readonly load: () => Promise<(context: CommandContext, args: Arguments) => Promise<number>>;
}

/** Wrong use of the command line: printed with a pointer to --help, exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The last value of a flag, or undefined. */
export function lastValue(args: Arguments, flag: string): string | undefined {
  return args.values[flag]?.at(-1);
}

/** `text` or `json`. Throws UsageError for anything else. */
export function formatOf(args: Arguments): 'text' | 'json' {
  const format = lastValue(args, 'format') ?? 'text';
  if (format !== 'text' && format !== 'json')
    throw new UsageError(`--format takes text or json, not '${format}'`);
  return format;
}
