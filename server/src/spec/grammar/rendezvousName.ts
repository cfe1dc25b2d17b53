// Names, protocols, paths and metadata keys of rendezvous records. Spec contract, section 6.10.
import { parsed, problemOf, type Parsed } from './parsed.ts';
import { isBlank } from './text.ts';

const CHARACTERS = 'only letters, digits, _, . and - are allowed';

export function parseRendezvousName(text: string): Parsed<string> {
  if (text === '') return problemOf('it is empty');
  if (text === '.' || text === '..') return problemOf('. and .. are not allowed');
  return parseMetadataKey(text);
}

/** As names, but `.` and `..` are allowed. */
export function parseMetadataKey(text: string): Parsed<string> {
  if (text === '') return problemOf('it is empty');
  return /^[A-Za-z0-9_.-]+$/.test(text) ? parsed(text) : problemOf(CHARACTERS);
}

export function parseProtocol(text: string): Parsed<string> {
  if (isBlank(text)) return problemOf('it is empty');
  return /^[A-Za-z0-9+.-]+$/.test(text)
    ? parsed(text)
    : problemOf('only letters, digits, +, - and . are allowed');
}

export function parseUrlPath(text: string): Parsed<string> {
  if (text.includes('\0')) return problemOf('it holds a NUL character');
  return text === '' || text.startsWith('/') ? parsed(text) : problemOf('it must be empty or start with /');
}

/** The part of variable names made from a rendezvous name; two names with the same one collide. */
export function tokenOf(name: string): string {
  return name.toUpperCase().replace(/[^A-Z0-9]/g, '_');
}
