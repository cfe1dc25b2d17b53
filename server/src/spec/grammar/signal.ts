// Names and numbers of signals that Slurm may send before the end. Spec contract, section 6.5.
import { parsed, problemOf, type Parsed } from './parsed.ts';
import { trim, unsignedOf } from './text.ts';

export const SIGNAL_NAMES: readonly string[] = ['HUP', 'INT', 'QUIT', 'USR1', 'USR2', 'TERM'];
const SIGNAL_NUMBERS: readonly (number | bigint)[] = [1, 2, 3, 10, 12, 15];

/** Takes the text of a name or of a number. */
export function parseSignal(text: string): Parsed<string> {
  const name = trim(text).toUpperCase();
  const number = unsignedOf(trim(text));
  if (SIGNAL_NAMES.includes(name)) return parsed(name);
  if (number !== undefined && SIGNAL_NUMBERS.includes(number)) return parsed(name);
  return problemOf(
    name.startsWith('SIG') && SIGNAL_NAMES.includes(name.slice(3))
      ? `write ${name.slice(3)}, without SIG`
      : `use one of ${SIGNAL_NAMES.join(', ')}`,
  );
}
