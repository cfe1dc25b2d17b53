// Durations of healthchecks: seconds, or numbers with h, m and s. Spec contract, section 6.8.
import { parsed, problemAt, problemOf, type Parsed } from './parsed.ts';
import { digitsOf, trim } from './text.ts';

const UNITS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };

/** Gives seconds (rounded beyond 2^53). */
export function parseDuration(text: string): Parsed<number> {
  const body = trim(text);
  if (body === '') return problemOf('it is empty');
  if (/^[0-9]+$/.test(body)) {
    const value = digitsOf(body);
    return value === undefined ? problemOf('the number is too big') : parsed(Number(value));
  }
  let total = 0;
  const offset = text.indexOf(body);
  const segment = /([0-9]*)([^0-9]|$)/gu;
  for (let match = segment.exec(body); match !== null; match = segment.exec(body)) {
    const [whole, digits = '', unit = ''] = match;
    if (whole === '') break;
    const at = offset + match.index;
    const value = digitsOf(digits);
    const factor = UNITS[unit];
    if (value === undefined || factor === undefined)
      return problemAt(wordsFor(digits, unit), at, at + Math.max(whole.length, 1));
    total += Number(value) * factor;
  }
  return parsed(total);
}

function wordsFor(digits: string, unit: string): string {
  if (digits === '') return 'a number must stand before each unit, without spaces';
  if (unit === '') return 'the unit of the last number is missing (h, m or s)';
  return 'the units are h, m and s; write 90s or 1m30s';
}
