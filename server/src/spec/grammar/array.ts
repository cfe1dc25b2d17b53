// Job arrays: indexes and ranges with a step, and a limit of running tasks. Spec contract, section 6.2.
import { parsed, problemAt, problemOf, type Parsed } from './parsed.ts';
import { blankAt, digitsOf } from './text.ts';

export interface JobArray {
  /** First and last index, step, in the order written. */
  readonly items: readonly { readonly first: bigint; readonly last: bigint; readonly step: bigint }[];
  readonly limit?: bigint;
}

type Item = JobArray['items'][number];

export function parseArray(text: string): Parsed<JobArray> {
  if (text === '') return problemOf('it is empty');
  const blank = blankAt(text);
  if (blank >= 0) return problemAt('no spaces are allowed', blank, blank + 1);
  const [indexes = '', limitText, ...more] = text.split('%');
  if (more.length > 0) return problemAt('only one % is allowed', text.lastIndexOf('%'), text.length);
  const limit = limitText === undefined ? undefined : digitsOf(limitText);
  if (limitText !== undefined && !limit)
    return problemAt('the limit after % must be a number from 1', indexes.length, text.length);
  if (indexes === '') return problemAt('the indexes before % are missing', 0, 1);
  const items: Item[] = [];
  let at = 0;
  for (const piece of indexes.split(',')) {
    const item = parseItem(piece, at);
    if (!item.ok) return item;
    items.push(item.value);
    at += piece.length + 1;
  }
  return parsed({ items, ...(limit === undefined ? {} : { limit: BigInt(limit) }) });
}

function parseItem(piece: string, at: number): Parsed<Item> {
  const end = at + Math.max(piece.length, 1);
  const match = /^([0-9]+)(?:-([0-9]+)(?::([0-9]+))?)?$/.exec(piece);
  if (!match) return problemAt(wordsFor(piece), at, end);
  const first = digitsOf(match[1] ?? '');
  const last = match[2] === undefined ? first : digitsOf(match[2]);
  const step = match[3] === undefined ? 1 : digitsOf(match[3]);
  if (first === undefined || last === undefined || step === undefined)
    return problemAt('the number is too big', at, end);
  if (!step) return problemAt('the step after : must be at least 1', at, end);
  if (last < first) return problemAt('the range ends before it starts', at, end);
  return parsed({ first: BigInt(first), last: BigInt(last), step: BigInt(step) });
}

function wordsFor(piece: string): string {
  if (piece === '') return 'an index is missing between the commas';
  if (/^[0-9]+:[0-9]+$/.test(piece)) return 'a step needs a range, as in 0-9:2';
  return 'an item must be N, N-M or N-M:STEP';
}
