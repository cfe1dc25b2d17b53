// Mounts host:container[:ro|rw]. Spec contract, section 6.7.
import { parsed, problemAt, problemOf, type Parsed } from './parsed.ts';
import { trim } from './text.ts';

export interface Mount {
  /** Trimmed, not expanded. */
  readonly host: string;
  /** Trimmed, absolute. */
  readonly container: string;
  readonly mode?: 'ro' | 'rw';
  /** Places of the two paths in the text, blanks included. */
  readonly hostAt: { readonly start: number; readonly end: number };
  readonly containerAt: { readonly start: number; readonly end: number };
}

export function parseMount(text: string): Parsed<Mount> {
  const [host, container, mode, ...more] = text.split(':');
  if (host === undefined || container === undefined)
    return problemOf('the path in the container is missing, after a :');
  if (more.length > 0) return problemOf('it has more than three parts between its :');
  const containerAt = { start: host.length + 1, end: host.length + 1 + container.length };
  if (mode !== undefined && mode !== 'ro' && mode !== 'rw')
    return problemAt('the third part must be ro or rw', containerAt.end + 1, text.length);
  if (trim(host) === '') return problemAt('the path on the host is missing', 0, host.length + 1);
  if (trim(container) === '')
    return problemAt('the path in the container is missing', containerAt.start - 1, containerAt.end);
  if (!trim(container).startsWith('/'))
    return problemAt('the path in the container must be absolute', containerAt.start, containerAt.end);
  if (text.includes('\0')) return problemOf('it holds a NUL character');
  return parsed({
    host: trim(host),
    container: trim(container),
    ...(mode === undefined ? {} : { mode }),
    hostAt: { start: 0, end: host.length },
    containerAt,
  });
}
