// Splits a command line into command, flags and positional words. Global flags may stand before or after the command.
import { nearestName } from '../spec/nearestName.ts';
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
  'settings-file': {
    value: 'FILE',
    help: 'Settings file instead of the nearest .hpc-compose/settings.toml',
    filled: true,
  },
  quiet: { help: 'No progress, no hints' },
  verbose: { short: 'v', help: 'Say more on stderr' },
  debug: { help: 'Say everything on stderr' },
  color: { value: 'WHEN', choices: ['auto', 'always', 'never'] },
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
      for (const { name, inline } of splitFlags(word, flags)) {
        const definition = flags[name];
        if (!definition) throw unknownFlag(word, name, flags);
        if (definition.value === undefined) {
          if (inline !== undefined) throw new UsageError(`--${name} takes no value`);
          switches.add(name);
        } else {
          const value = checkedValue(name, inline ?? rest.shift(), definition);
          if (values[name] && !definition.repeat) throw new UsageError(`--${name} may be given once`);
          (values[name] ??= []).push(value);
        }
      }
    }
  }
  const positionals = command ? words.slice(command.path.length) : words;
  return { command, words, args: { switches, values, positionals } };
}

function checkedValue(name: string, value: string | undefined, definition: FlagDefinition): string {
  const { choices, filled } = definition;
  if (value === undefined || (filled && value === ''))
    throw new UsageError(`--${name} needs a value: ${definition.value ?? ''}`);
  if (choices && !choices.includes(value))
    throw new UsageError(`--${name} takes ${choices.join(', ')}, not '${value}'`);
  return value;
}

interface GivenFlag {
  readonly name: string;
  readonly inline: string | undefined;
}

/** One long flag, or a row of short ones such as `-vv`; the first short one with a value takes the rest as its value. */
function splitFlags(word: string, flags: FlagTable): GivenFlag[] {
  if (word.startsWith('--')) {
    const at = word.indexOf('=');
    if (at < 0) return [{ name: word.slice(2), inline: undefined }];
    return [{ name: word.slice(2, at), inline: word.slice(at + 1) }];
  }
  const given: GivenFlag[] = [];
  for (let at = 1; at < word.length; at++) {
    const entry = Object.entries(flags).find(([, flag]) => flag.short === word[at]);
    if (!entry) return [{ name: word, inline: undefined }];
    const [name, { value }] = entry;
    const rest = word.slice(at + 1).replace(/^=/, '');
    if (value !== undefined) return [...given, { name, inline: rest === '' ? undefined : rest }];
    given.push({ name, inline: undefined });
  }
  return given;
}

function unknownFlag(word: string, name: string, flags: FlagTable): UsageError {
  const meant = nearestName(name, Object.keys(flags));
  return new UsageError(`unknown option '${word}'${meant === undefined ? '' : `; did you mean --${meant}?`}`);
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
