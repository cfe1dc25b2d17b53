// The shell door: picks a command from the table, parses its flags, and turns failures into exit codes.
import { COMMANDS } from './cli/commands.ts';
import { runCommandLine } from './cli/run.ts';

void runCommandLine(process.argv.slice(2), COMMANDS).then((code) => {
  process.exitCode = code;
});
