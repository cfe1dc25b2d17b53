// The texts of --help, made from the command table.
import { GLOBAL_FLAGS } from './arguments.ts';
import type { CommandDefinition, FlagTable } from './command.ts';

const PROGRAM = 'hpc-compose-ts';

/** Help for the whole program, or for one group such as `cache`. */
export function overviewHelp(commands: readonly CommandDefinition[]): string {
  const rows = commands.map((command) => [command.path.join(' '), command.summary] as const);
  return `Usage: ${PROGRAM} COMMAND [OPTIONS]\n\nCommands:\n${table(rows)}\n\nOptions:\n${flagRows(GLOBAL_FLAGS)}\n`;
}

/** Help for one command. */
export function commandHelp(command: CommandDefinition): string {
  const positionals = command.positionals ? ` ${command.positionals}` : '';
  const usage = `Usage: ${PROGRAM} ${command.path.join(' ')} [OPTIONS]${positionals}`;
  return `${command.summary}\n\n${usage}\n\nOptions:\n${flagRows(command.flags)}\n\nGlobal options:\n${flagRows(GLOBAL_FLAGS)}\n`;
}

function flagRows(flags: FlagTable): string {
  const shown = Object.entries(flags).filter(([, flag]) => flag.help !== undefined);
  return table(
    shown.map(([name, flag]) => {
      const short = flag.short ? `-${flag.short}, ` : '    ';
      return [`${short}--${name}${flag.value ? ` ${flag.value}` : ''}`, flag.help ?? ''] as const;
    }),
  );
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`).join('\n');
}
