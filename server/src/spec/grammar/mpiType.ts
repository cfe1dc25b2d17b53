// Types of MPI start-up, as given to srun --mpi. Spec contract, section 6.15.
import { parsed, problemOf, type Parsed } from './parsed.ts';

export function parseMpiType(text: string): Parsed<string> {
  if (text === '') return problemOf('must not be empty');
  if (text.startsWith('-')) return problemOf('must not start with -');
  return /^[A-Za-z0-9_.+-]+$/.test(text)
    ? parsed(text)
    : problemOf('may hold letters, digits, _, ., + and - only');
}
