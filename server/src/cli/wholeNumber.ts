// Whole numbers on the command line, as hpc-compose takes them.
import { UsageError } from './command.ts';

const U64_MAX = 2n ** 64n - 1n;

/** A number from 0 to `most` (default: 64 bits). Throws UsageError naming the flag. Beyond 2^53 it is the nearest that can be held. */
export function wholeNumber(flag: string, text: string, most = U64_MAX): number {
  if (!/^\+?\d+$/.test(text)) throw new UsageError(`--${flag} takes a whole number, not '${text}'`);
  if (BigInt(text.replace('+', '')) > most)
    throw new UsageError(`--${flag} takes at most ${most}, not '${text}'`);
  return Number(text);
}
