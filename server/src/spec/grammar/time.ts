// Slurm time limits: M, M:S, H:M:S, D-H, D-H:M, D-H:M:S. Spec contract, section 6.1.
import { parsed, problemAt, problemOf, type Parsed } from './parsed.ts';
import { trim, trimStart, unsignedOf } from './text.ts';

interface TimePart {
  readonly value: number;
  readonly start: number;
  readonly end: number;
}

const FORMS = 'write minutes, M:S, H:M:S, D-H, D-H:M or D-H:M:S';

/** Gives seconds (rounded beyond 2^53). Blank texts are wrong too. */
export function parseTime(text: string): Parsed<number> {
  const body = trim(text);
  if (body === '') return problemOf('it is empty');
  const offset = text.length - trimStart(text).length;
  const dash = body.indexOf('-');
  const days = dash < 0 ? undefined : unsignedOf(body.slice(0, dash));
  if (dash >= 0 && days === undefined) return problemAt(FORMS, offset, offset + Math.max(dash, 1));
  const parts = readParts(body, dash + 1, offset);
  if ('ok' in parts) return parts;
  return secondsOf(parts, days === undefined ? undefined : Number(days));
}

function readParts(body: string, from: number, offset: number): TimePart[] | Parsed<number> {
  const rest = trim(body.slice(from));
  let at = from + (body.length - from - trimStart(body.slice(from)).length);
  const parts: TimePart[] = [];
  for (const piece of rest.split(':')) {
    const value = unsignedOf(piece);
    const start = offset + at;
    if (value === undefined || parts.length === 3)
      return problemAt(FORMS, start, start + Math.max(piece.length, 1));
    parts.push({ value: Number(value), start, end: start + piece.length });
    at += piece.length + 1;
  }
  return parts;
}

// Names of the parts from the left, by whether days stand in front and how many parts there are.
const SHAPES = {
  plain: [['minutes'], ['minutes', 'seconds'], ['hours', 'minutes', 'seconds']],
  days: [['hours'], ['hours', 'minutes'], ['hours', 'minutes', 'seconds']],
} as const;
const LIMITS = { hours: 23, minutes: 59, seconds: 59 } as const;
const SECONDS = { hours: 3600, minutes: 60, seconds: 1 } as const;

function secondsOf(parts: readonly TimePart[], days: number | undefined): Parsed<number> {
  const shape = SHAPES[days === undefined ? 'plain' : 'days'][parts.length - 1] ?? [];
  let total = (days ?? 0) * 86_400;
  for (const [index, name] of shape.entries()) {
    const part = parts[index];
    if (!part) break;
    const bounded = days !== undefined || index > 0;
    if (bounded && part.value > LIMITS[name])
      return problemAt(`${name} must be 0 to ${LIMITS[name]} here`, part.start, part.end);
    total += part.value * SECONDS[name];
  }
  return parsed(total);
}
