// Quick fixes for an unsafe cache directory (HPC004): shared directories of this machine, and `${CACHE_DIR}` with the
// place where it is or gets defined. Pure: edits as values.
import type { TextPlace } from './cacheDirPlace.ts';
import type { Candidate } from './cacheCandidates.ts';

/** What is known of the variable CACHE_DIR. */
export interface VariableFacts {
  /** Its value and a phrase for where it is defined, when it is. */
  readonly defined?: { readonly value: string; readonly where: string };
  /** The dotenv file that can define it; absent when it must not be read or written. */
  readonly dotenv?: { readonly uri: string; readonly text: string | undefined };
}

export interface Fix {
  readonly title: string;
  readonly preferred: boolean;
  /** Edits of the spec, as offsets. */
  readonly edits: readonly { readonly start: number; readonly end: number; readonly newText: string }[];
  /** A line to append to another file, which is created when `text` is undefined. */
  readonly append?: { readonly uri: string; readonly text: string | undefined; readonly line: string };
}

const SHOWN = 3;

/** The fixes for the cache directory at this place, the best one preferred. */
export function cacheDirFixes(
  place: TextPlace,
  candidates: readonly Candidate[],
  variable: VariableFacts,
): Fix[] {
  const direct = candidates.slice(0, SHOWN).map((candidate, index) => ({
    title: `Use ${candidate.path} (${candidate.why})`,
    preferred: index === 0,
    edits: [editOf(place, yamlScalar(candidate.path))],
  }));
  return [...direct, ...variableFixes(place, candidates, variable)];
}

function variableFixes(place: TextPlace, candidates: readonly Candidate[], variable: VariableFacts): Fix[] {
  const edits = [editOf(place, '${CACHE_DIR}')];
  if (variable.defined) {
    const { value, where } = variable.defined;
    return [{ title: `Use \${CACHE_DIR} (${value}, defined ${where})`, preferred: false, edits }];
  }
  const value = candidates[0]?.path;
  if (!variable.dotenv || value === undefined) return [];
  const line = `CACHE_DIR=${value}`;
  const title = `Use \${CACHE_DIR} and define it as ${value} in .env beside the spec`;
  return [{ title, preferred: false, edits, append: { ...variable.dotenv, line } }];
}

function editOf(place: TextPlace, value: string): Fix['edits'][number] {
  return { start: place.start, end: place.end, newText: `${place.before}${value}${place.after}` };
}

/** A path as a YAML scalar: plain where that is safe, else in double quotes. */
export function yamlScalar(path: string): string {
  return /^[/\w.$~-][/\w.$~{}+=-]*$/.test(path) && path !== '~' ? path : JSON.stringify(path);
}
