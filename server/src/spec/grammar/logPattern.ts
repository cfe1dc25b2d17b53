// File names of job logs with Slurm's % places. Spec contract, section 6.4. Line breaks are another rule (R078).
import { parsed, problemAt, problemOf, type Parsed } from './parsed.ts';
import { isBlank } from './text.ts';

export function parseLogPattern(text: string): Parsed<string> {
  if (isBlank(text)) return problemOf('empty');
  // `%5j` stands for one harmless letter, `%%` for a percent sign, so `%%.` can still make a `..`-free name.
  const plain = text.replace(/%(?:%|[0-9]*([\s\S])?)/gu, (place) => (place === '%%' ? '%' : 'x'));
  if (!plain.split('/').includes('..')) return parsed(text);
  const at = text.search(/(^|\/)\.\.(\/|$)/);
  const start = at < 0 ? 0 : text.indexOf('..', at);
  return problemAt('climbs', start, at < 0 ? text.length : start + 2);
}
