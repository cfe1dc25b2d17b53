// The patterns of `.hpcignore` (cache contract, section 2.4). Like gitignore, but not the same: parity decides the snapshot's hash.
import { trim } from '../spec/grammar/text.ts';

interface IgnoreRule {
  readonly pattern: RegExp;
  readonly negated: boolean;
  /** Matches only what lies inside such a directory. */
  readonly insideOnly: boolean;
  /** Tested against whole path prefixes, not against single names. */
  readonly anchored: boolean;
}

/** Tells whether a relative path (`/`-separated) is left out; the last rule that matches decides. */
export function createIgnore(text: string): (path: string) => boolean {
  const rules = text.split('\n').flatMap((line) => parseRule(line) ?? []);
  if (rules.length === 0) return () => false;
  return (path) => {
    const parts = path.split('/').filter((part) => part !== '');
    return rules.findLast((rule) => matches(rule, parts))?.negated === false;
  };
}

function parseRule(raw: string): IgnoreRule | undefined {
  const line = trim(raw);
  if (line === '' || line.startsWith('#')) return undefined;
  const negated = line.startsWith('!');
  const written = negated ? line.slice(1) : line;
  const bare = written.replace(/\/+$/, '');
  const pattern = bare.replace(/^\/+/, '');
  if (pattern === '') return undefined;
  return {
    pattern: globPattern(pattern),
    negated,
    insideOnly: written.endsWith('/'),
    anchored: bare.includes('/'),
  };
}

function matches({ pattern, insideOnly, anchored }: IgnoreRule, parts: readonly string[]): boolean {
  const tested = insideOnly ? parts.slice(0, -1) : parts;
  return tested.some((part, index) => pattern.test(anchored ? parts.slice(0, index + 1).join('/') : part));
}

/** `**` with one following `/` spans directories, `*` and `?` stay inside one name. */
function globPattern(glob: string): RegExp {
  const source = glob.replace(/\*\*\/?|[*?]|[.+()[\]{}^$|\\/]/g, (token) => {
    if (token.startsWith('**')) return '.*';
    if (token === '*') return '[^/]*';
    return token === '?' ? '[^/]' : `\\${token}`;
  });
  return new RegExp(`^${source}$`, 'u');
}
