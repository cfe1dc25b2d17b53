// Paths of artifacts, of artifact assertions, and of resume directories. Spec contract, sections 6.12 and 9.5.
import { parsed, problemOf, type Parsed } from './parsed.ts';
import { isBlank, lineBreakIn, trim } from './text.ts';

export const JOB_DIR = '/hpc-compose/job';

/** The components of an absolute path after `.` and `..`; undefined when it climbs above the root. */
export function componentsOf(path: string): readonly string[] | undefined {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts;
}

/** The rule that a path breaks: R093 outside the job directory, R094 below its export tree. */
export function artifactProblem(text: string): 'R093' | 'R094' | undefined {
  const parts = text.startsWith('/') ? componentsOf(text) : undefined;
  if (parts?.[0] !== 'hpc-compose' || parts[1] !== 'job') return 'R093';
  return parts[2] === 'artifacts' ? 'R094' : undefined;
}

export function parseAssertPattern(text: string): Parsed<string> {
  if (isBlank(text)) return problemOf('must not be empty');
  const character = lineBreakIn(text);
  if (character) return problemOf(`must be one line: it holds a ${character}`);
  const inJob = !text.startsWith('/') || text === JOB_DIR || text.startsWith(`${JOB_DIR}/`);
  if (!inJob) return problemOf(`must be relative, or lie below ${JOB_DIR}`);
  return text.split('/').includes('..') ? problemOf('must not climb with `..`') : parsed(text);
}

/** The message variant of R096 that applies, or undefined for a good path. */
export function resumeProblem(text: string): 'empty' | 'main' | 'container' | undefined {
  const path = trim(text);
  if (path === '') return 'empty';
  if (!path.startsWith('/')) return 'main';
  const parts = componentsOf(path);
  if (parts === undefined) return 'main';
  return parts[0] === 'hpc-compose' ? 'container' : undefined;
}
