// The table of commands. Each loads its code only when it runs, so that --help and small commands start fast.
import type { CommandDefinition } from './command.ts';

export const COMMANDS: readonly CommandDefinition[] = [];
