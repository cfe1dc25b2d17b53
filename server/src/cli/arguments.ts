// Splits a command line into command, flags and positional words. Global flags may stand before or after the command.
import {
  UsageError,
  type Arguments,
  type CommandDefinition,
  type FlagDefinition,
  type FlagTable,
} from './command.ts';

export const GLOBAL_FLAGS: FlagTable = {
  help: { help: 'Show this help', short: 'h' },
  version: { help: 'Show the version', short: 'V' },
  profile: { value: 'NAME', help: 'Settings profile' },
  'settings-file': { value: 'FILE', help: 'Settings file instead of the nearest .hpc-compose/settings.toml' },
  quiet: { help: 'No progress, no hints' },
  verbose: { short: 'v', help: 'Say more on stderr' },
  debug: { help: 'Say everything on stderr' },
  color: { value: 'WHEN' },
  offline: {},
};

export interface ParsedLine {
  readonly command: CommandDefinition | undefined;
  /** Words that looked like a command, when none matched. */
  readonly words: readonly string[];
  readonly args: Arguments;
}

/** Parses a command line against the table. Throws UsageError for unknown flags and missing values. */
export function parseLine(argv: readonly string[], commands: readonly CommandDefinition[]): ParsedLine {
  const command = selectCommand(argv, commands);
  const flags: FlagTable = { ...GLOBAL_FLAGS, ...command?.flags };
  const switches = new Set<string>();
  const values: Record<string, string[]> = {};
  const words: string[] = [];
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') {
      words.push(...rest.splice(0));
    } else if (word === '-' || !word.startsWith('-')) {
      words.push(word);
    } else {
      const { name, inline } = splitFlag(word, flags);
      const definition = flags[name];
      if (!definition) throw new UsageError(`unknown option '${word}'`);
      if (definition.value === undefined) {
        if (inline !== undefined) throw new UsageError(`--${name} takes no value`);
        switches.add(name);
      } else {
        const value = inline ?? rest.shift();
        if (value === undefined) throw new UsageError(`--${name} needs a value: ${definition.value}`);
        if (values[name] && !definition.repeat) throw new UsageError(`--${name} may be given once`);
        (values[name] ??= []).push(value);
      }
    }
  }
  const positionals = command ? words.slice(command.path.length) : words;
  return { command, words, args: { switches, values, positionals } };
}

function splitFlag(word: string, flags: FlagTable): { name: string; inline: string | undefined } {
  if (word.startsWith('--')) {
    const at = word.indexOf('=');
    return at < 0
      ? { name: word.slice(2), inline: undefined }
      : { name: word.slice(2, at), inline: word.slice(at + 1) };
  }
  const entry = Object.entries(flags).find(([, flag]) => flag.short === word[1]);
  return { name: entry?.[0] ?? word, inline: word.length > 2 ? word.slice(2) : undefined };
}

/** The longest command whose words stand first among the words that are no flags. */
function selectCommand(
  argv: readonly string[],
  commands: readonly CommandDefinition[],
): CommandDefinition | undefined {
  const words = plainWords(argv, GLOBAL_FLAGS);
  return commands
    .filter((command) => command.path.every((word, index) => words[index] === word))
    .toSorted((a, b) => b.path.length - a.path.length)[0];
}

function plainWords(argv: readonly string[], flags: Readonly<Record<string, FlagDefinition>>): string[] {
  const words: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? '';
    if (word === '--') break;
    if (!word.startsWith('-')) words.push(word);
    else if (word.startsWith('--') && !word.includes('=') && flags[word.slice(2)]?.value !== undefined)
      index++;
  }
  return words;
}
