// Probes of Compose healthchecks that can be turned into readiness. Spec contract, section 5 (healthcheck).
import { parsed, problemOf, type Parsed } from './parsed.ts';
import { unsignedOf, wordsOf } from './text.ts';

export type Probe =
  | { readonly type: 'tcp'; readonly host: string; readonly port: number }
  | { readonly type: 'http'; readonly url: string };

/** `test` as written: a text, or a list that starts with CMD or CMD-SHELL. */
export function parseProbe(test: string | readonly string[]): Parsed<Probe> {
  const argv = typeof test === 'string' ? parsed(wordsOf(test)) : argvOf(test);
  if (!argv.ok) return argv;
  const [program] = argv.value;
  if (program === 'nc') return parseNc(argv.value.slice(1));
  const url = argv.value.findLast((word) => /^https?:\/\//.test(word));
  const asksUrl = program === 'curl' || (program === 'wget' && argv.value.includes('--spider'));
  if (asksUrl && url !== undefined) return parsed({ type: 'http', url });
  return problemOf('this probe is not known');
}

function argvOf(items: readonly string[]): Parsed<readonly string[]> {
  const [form, ...rest] = items;
  if (form === undefined) return problemOf('the list is empty');
  if (form !== 'CMD' && form !== 'CMD-SHELL') return problemOf('a list must start with CMD or CMD-SHELL');
  if (rest[0] === undefined) return problemOf(`the command after ${form} is missing`);
  return parsed(form === 'CMD' ? rest : wordsOf(rest[0]));
}

function parseNc(words: readonly string[]): Parsed<Probe> {
  if (!words.includes('-z')) return problemOf('nc needs -z as a word of its own');
  const [host, portText, ...more] = words.filter((word) => !word.startsWith('-'));
  if (host === undefined || portText === undefined || more.length > 0)
    return problemOf('write nc -z HOST PORT (flags with values are not understood)');
  const port = unsignedOf(portText);
  if (typeof port !== 'number' || port > 65_535) return problemOf(`${portText} is no port`);
  return parsed({ type: 'tcp', host, port });
}

/** Host of a URL as hpc-compose reads it; undefined without `://` or with an empty authority. */
export function hostOf(url: string): string | undefined {
  const scheme = url.indexOf('://');
  if (scheme < 0) return undefined;
  const authority =
    url
      .slice(scheme + 3)
      .split('/')[0]
      ?.split('@')
      .at(-1) ?? '';
  if (authority === '') return undefined;
  if (!authority.startsWith('[')) return authority.split(':')[0];
  const end = authority.indexOf(']');
  return end < 0 ? undefined : authority.slice(1, end);
}

export function isLocalHost(host: string): boolean {
  return host === 'localhost' || host === '127.0.0.1' || host === '::1';
}
