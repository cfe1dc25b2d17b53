// setup: writes one profile of the settings (cache contract, section 9). Asks on a terminal, takes flags everywhere.
import { createInterface } from 'node:readline/promises';
import { readSetup, writeSetup } from '../load/setup.ts';
import { OperationFailure } from '../model/failure.ts';
import type { SetupChange, SetupState } from '../model/setup.ts';
import { BINARY_NAMES } from '../plan/settingsShape.ts';
import { formatOf, lastValue, UsageError, type Arguments, type CommandContext } from './command.ts';

/** Words of `--clear` and the fields that they mean. */
const CLEARABLE: Readonly<Record<string, keyof SetupChange>> = {
  'compose-file': 'compose_file',
  'env-file': 'env_files',
  env: 'env',
  binary: 'binaries',
  'cache-dir': 'cache_dir',
  'login-host': 'login_host',
  'login-user': 'login_user',
  'default-profile': 'default_profile',
};

export async function runSetup(context: CommandContext, args: Arguments): Promise<number> {
  const format = formatOf(args);
  const asked = args.switches.has('non-interactive') ? undefined : await startAsking(context);
  const named = lastValue(args, 'profile-name') ?? lastValue(args, 'profile');
  const initial = readSetup(requestOf(context, args, named));
  const profile = (await asked?.ask('Profile name', initial.profile)) ?? initial.profile;
  const request = requestOf(context, args, profile);
  const state = readSetup(request);
  const flags = changeOf(args, state, profile);
  const change = asked ? await askAll(asked, flags, state) : flags;
  asked?.close();
  const result = writeSetup(request, change);
  for (const warning of result.warnings) context.log.warn(`warning: ${warning}`);
  const { warnings: _warnings, login_host, login_user, ...rest } = result;
  const json = {
    ...rest,
    ...(login_host === null ? {} : { login_host }),
    ...(login_user === null ? {} : { login_user }),
  };
  const lines = [
    `wrote ${result.settings_path}`,
    `profile: ${result.profile}`,
    ...(result.default_profile === null ? [] : [`default profile: ${result.default_profile}`]),
  ];
  await context.out(format === 'json' ? `${JSON.stringify(json, null, 2)}\n` : `${lines.join('\n')}\n`);
  return 0;
}

function requestOf(context: CommandContext, args: Arguments, profile: string | undefined) {
  const settingsFile = lastValue(args, 'settings-file');
  return {
    cwd: context.cwd,
    env: context.env,
    ...(profile === undefined ? {} : { profile }),
    ...(settingsFile === undefined ? {} : { settingsFile }),
  };
}

/** Flags over existing values over defaults, as hpc-compose takes them; `--clear` over all. */
function changeOf(args: Arguments, state: SetupState, profile: string): SetupChange {
  const { compose_file: known, default_compose_file: inherited } = state;
  const change: SetupChange = {
    compose_file: (lastValue(args, 'compose-file') ?? known ?? inherited ?? 'compose.yaml').trim(),
    default_profile: lastValue(args, 'default-profile') ?? state.default_profile ?? profile,
  };
  const cacheDir = lastValue(args, 'cache-dir');
  const loginHost = lastValue(args, 'login-host');
  const loginUser = lastValue(args, 'login-user');
  if (args.values['env-file']) change.env_files = [...new Set(args.values['env-file'])];
  if (args.values.env) change.env = pairsOf(args.values.env, 'env');
  if (args.values.binary) change.binaries = binariesOf(args.values.binary);
  if (cacheDir !== undefined) change.cache_dir = cacheDir;
  if (loginHost !== undefined) change.login_host = loginHost;
  if (loginUser !== undefined) change.login_user = loginUser;
  return { ...change, ...cleared(args) };
}

function cleared(args: Arguments): SetupChange {
  const fields = (args.values.clear ?? []).map((word) => {
    const field = CLEARABLE[word];
    if (field === undefined) {
      throw new UsageError(`--clear takes one of ${Object.keys(CLEARABLE).join(', ')}, not '${word}'`);
    }
    return [field, null] as const;
  });
  return Object.fromEntries(fields);
}

function pairsOf(entries: readonly string[], flag: string): Record<string, string> {
  const pairs = entries.map((entry) => {
    const cut = entry.indexOf('=');
    const name = entry.slice(0, cut).trim();
    if (cut < 0 || name === '') throw invalid(`--${flag} takes NAME=VALUE, not '${entry}'`);
    return [name, entry.slice(cut + 1)] as const;
  });
  return Object.fromEntries(pairs);
}

function binariesOf(entries: readonly string[]): Record<string, string> {
  const pairs = Object.entries(pairsOf(entries, 'binary')).map(
    ([name, file]) => [name, file.trim()] as const,
  );
  const empty = pairs.find(([, file]) => file === '');
  if (empty) throw invalid(`--binary ${empty[0]}= names no executable`);
  const binaries = Object.fromEntries(pairs);
  const known: readonly string[] = BINARY_NAMES;
  const unknown = Object.keys(binaries).filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw invalid(`unknown binaries: ${unknown.join(', ')}; known: ${known.join(', ')}`);
  }
  return binaries;
}

function invalid(cause: string): OperationFailure {
  return new OperationFailure('setup-invalid', { cause });
}

interface Asking {
  /** The answer, or the default for an empty one and at the end of the input. */
  readonly ask: (question: string, preset: string) => Promise<string>;
  readonly close: () => void;
}

async function startAsking(context: CommandContext): Promise<Asking> {
  if (!context.stdinIsTerminal) return askLines((await context.readStdin()).toString('utf8').split('\n'));
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  return {
    ask: async (question, preset) =>
      (await terminal.question(`${question} [${preset}]: `, { signal: context.signal })).trim() || preset,
    close: () => terminal.close(),
  };
}

function askLines(lines: string[]): Asking {
  return {
    ask: (_question, preset) => Promise.resolve(lines.shift()?.trim() || preset),
    close: () => undefined,
  };
}

async function askAll({ ask }: Asking, flags: SetupChange, state: SetupState): Promise<SetupChange> {
  const list = (value: string) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  const pairs = (values: Readonly<Record<string, string | null>>) =>
    Object.entries(values)
      .flatMap(([name, value]) => (value === null ? [] : `${name}=${value}`))
      .join(',');
  const composeFile = await ask('Compose file', flags.compose_file ?? 'compose.yaml');
  const envFiles = await ask('Env files (comma list)', (flags.env_files ?? state.env_files).join(','));
  const env = await ask('Variables NAME=VALUE (comma list)', pairs(flags.env ?? state.env));
  const binaries = await ask('Binaries NAME=PATH (comma list)', pairs(flags.binaries ?? state.binaries));
  const cacheDir = await ask('Cache directory', flags.cache_dir ?? state.cache_dir ?? '');
  const defaultProfile = await ask('Default profile', flags.default_profile ?? state.profile);
  return {
    ...flags,
    compose_file: composeFile,
    env_files: list(envFiles),
    env: pairsOf(list(env), 'env'),
    binaries: binariesOf(list(binaries)),
    ...(cacheDir === '' ? {} : { cache_dir: cacheDir }),
    default_profile: defaultProfile,
  };
}
