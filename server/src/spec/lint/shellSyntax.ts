// What `bash -n` says about a text, as places in it with words for people. Pure: reads the output, starts nothing.

export interface ShellProblem {
  /** UTF-16 offsets in the text. */
  readonly start: number;
  readonly end: number;
  readonly problem: string;
}

/** Words with which a shell begins something that must end. */
const RESERVED =
  /^(?:if|then|else|elif|fi|for|while|until|do|done|case|esac|select|function|time|coproc|in)$/;

/** False for plain commands, in which nothing can be wrong: no process is started for those. */
export function needsShell(text: string): boolean {
  if (!/^[\w ./=:,@%+-]*\n?$/.test(text)) return true;
  return RESERVED.test(text.trim().split(' ')[0] ?? '');
}

/** The problems of one text by the output of `bash -n` for it, in the language of the C locale. */
export function readBashOutput(output: string, text: string): ShellProblem[] {
  const said = [...output.matchAll(/^[^\n]*?: line (\d+): (.*)$/gm)].map(([, line, words = '']) => ({
    line: Number(line),
    words,
  }));
  const warnings = said.filter(({ words }) => words.startsWith('warning: '));
  const errors = said.filter(({ words }) => !words.startsWith('warning: ') && !words.startsWith('`'));
  // Bash stops at its first error; when it tells of it twice, the second time names the word.
  const error = errors.find(({ words }) => words.includes('near unexpected token')) ?? errors[0];
  const unclosed = warnings.map(({ line, words }) => hereDocument(line, words, text));
  return [...unclosed, ...(error ? [problemOf(error.line, error.words, text)] : [])];
}

function problemOf(line: number, words: string, text: string): ShellProblem {
  const token = /near unexpected token `(.*)'$/.exec(words)?.[1];
  if (token === 'newline')
    return { ...endOf(line, text), problem: 'something is missing at the end of this line' };
  if (token !== undefined) return { ...wordAt(line, token, text), problem: `\`${token}\` cannot stand here` };
  const closing = /looking for (?:matching )?`(.*)'$/.exec(words)?.[1];
  if (closing !== undefined) {
    const opening = OPENINGS[closing] ?? closing;
    return { ...lastAt(line, opening, text), problem: `this ${opening} is never closed` };
  }
  if (words.includes('unexpected end of file')) return { ...lastLine(text), problem: EARLY_END };
  return { ...lineAt(line, text), problem: words.replace(/^syntax error: /, '') };
}

const EARLY_END =
  'the text ends too early: an `if` lacks its `fi`, a `do` its `done`, a `case` its `esac`, or a `{` or `(` its end';
const OPENINGS: Readonly<Record<string, string>> = { ')': '(', '}': '{', ']': '[', ']]': '[[' };

/** `here-document at line 2 delimited by end-of-file (wanted `EOF')` */
function hereDocument(line: number, words: string, text: string): ShellProblem {
  const [, at, mark] = /here-document at line (\d+) .*\(wanted `(.*)'\)/.exec(words) ?? [];
  if (mark === undefined) return { ...lineAt(line, text), problem: words.replace(/^warning: /, '') };
  const place = lastAt(Number(at), `<<`, text);
  return { ...place, problem: `the here-document is never closed: no line is just ${mark}` };
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** A line without the blanks around it, counted from 1; the last one when there are fewer. */
function lineAt(line: number, text: string): Range {
  const lines = text.split('\n');
  const index = Math.min(Math.max(1, line), lines.length) - 1;
  const start = lines.slice(0, index).reduce((sum, each) => sum + each.length + 1, 0);
  const words = lines[index] ?? '';
  if (words.trim() === '') return index === 0 ? { start, end: start + words.length } : lineAt(index, text);
  return { start: start + words.search(/\S/), end: start + words.trimEnd().length };
}

function lastLine(text: string): Range {
  return lineAt(Infinity, text);
}

function endOf(line: number, text: string): Range {
  const { end } = lineAt(line, text);
  return { start: Math.max(0, end - 1), end };
}

/** The first place of a word on a line; the line when it is not there. */
function wordAt(line: number, word: string, text: string): Range {
  const range = lineAt(line, text);
  const words = text.slice(range.start, range.end);
  const isName = /^\w+$/.test(word);
  const found = isName ? words.search(new RegExp(`(?<![\\w-])${word}(?![\\w-])`)) : words.indexOf(word);
  return found < 0 ? range : { start: range.start + found, end: range.start + found + word.length };
}

/** The last place of a sign on a line, or on the nearest line above that has it: what was opened last stays open. */
function lastAt(line: number, sign: string, text: string): Range {
  const { end } = lineAt(line, text);
  const found = text.slice(0, end).lastIndexOf(sign);
  if (found < 0) return lineAt(line, text);
  const start = (sign === '(' || sign === '{') && text[found - 1] === '$' ? found - 1 : found;
  return { start, end: found + sign.length };
}
