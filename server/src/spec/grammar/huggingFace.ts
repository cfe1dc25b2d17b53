// Repositories and pinned revisions of Hugging Face. Spec contract, section 6.11.
import { parsed, problemOf, type Parsed } from './parsed.ts';

export function parseRepo(text: string): Parsed<string> {
  const parts = text.split('/');
  if (parts.length !== 2 || parts.includes('')) return problemOf('write ORGANISATION/NAME');
  return /^[A-Za-z0-9._/-]+$/.test(text)
    ? parsed(text)
    : problemOf('only letters, digits, -, _ and . are allowed in names');
}

export function parseRevision(text: string): Parsed<string> {
  const isCommit = /^[0-9A-Fa-f]{7,}$/.test(text);
  const isVersion = /^v?[0-9][0-9.]*(-[A-Za-z0-9.-]+)?$/.test(text);
  return isCommit || isVersion
    ? parsed(text)
    : problemOf('write a commit (7 or more hex digits) or a version such as v1.2.0; branches can move');
}
