// The line grammar of `.env` and env files (cache contract, section 1.5). Pure: text in, pairs and problems out.
import { trim } from './grammar/text.ts';

export interface DotenvProblem {
  /** Counted from 1. */
  readonly line: number;
  /** UTF-16 offsets of the line's text, without blanks around it. */
  readonly start: number;
  readonly end: number;
  readonly reason: 'must use KEY=VALUE syntax' | 'has an empty variable name';
}

export interface Dotenv {
  /** Last duplicate wins. */
  readonly variables: ReadonlyMap<string, string>;
  /** hpc-compose stops at the first of these. */
  readonly problems: readonly DotenvProblem[];
}

/** Parses a whole file. Values are taken literally: no escapes, no inline comments, no expansion. */
export function parseDotenv(text: string): Dotenv {
  const variables = new Map<string, string>();
  const problems: DotenvProblem[] = [];
  let offset = 0;
  for (const [index, line] of text.split('\n').entries()) {
    const entry = trim(line);
    const start = offset + line.indexOf(entry);
    offset += line.length + 1;
    if (entry === '' || entry.startsWith('#')) continue;
    const assignment = entry.startsWith('export ') ? entry.slice('export '.length) : entry;
    const cut = assignment.indexOf('=');
    const name = trim(assignment.slice(0, cut));
    if (cut >= 0 && name !== '') variables.set(name, unquote(trim(assignment.slice(cut + 1))));
    else {
      const reason = cut < 0 ? 'must use KEY=VALUE syntax' : 'has an empty variable name';
      problems.push({ line: index + 1, start, end: start + entry.length, reason });
    }
  }
  return { variables, problems };
}

function unquote(value: string): string {
  const quote = value[0];
  const quoted = value.length >= 2 && (quote === '"' || quote === "'") && value.endsWith(quote);
  return quoted ? value.slice(1, -1) : value;
}
