// Whether a text is a regular expression that Rust's regex crate compiles: no look-around, no back references. Scans once,
// keeps its own stack of groups, and calls wrong only what is wrong for certain.

const QUANTIFIERS = '*+?';
const CLASS_ESCAPES = /[dDsSwWbBAzntrfav]/;
const PUNCTUATION = /[!-/:-@[-`{-~]/;

/** What is wrong, as the end of a sentence, or undefined for a good pattern. */
export function rustRegexProblem(pattern: string): string | undefined {
  let groups = 0;
  let canRepeat = false;
  for (let at = 0; at < pattern.length;) {
    const char = pattern[at] ?? '';
    if (char === '\\') {
      const escape = readEscape(pattern, at);
      if (typeof escape === 'string') return escape;
      at = escape;
      canRepeat = true;
    } else if (char === '[') {
      const end = readClass(pattern, at);
      if (typeof end === 'string') return end;
      at = end;
      canRepeat = true;
    } else if (char === '(') {
      const open = readOpening(pattern, at);
      if (typeof open === 'string') return open;
      at = open.end;
      if (open.isGroup) groups++;
      canRepeat = false;
    } else if (char === ')') {
      if (--groups < 0) return 'a closing parenthesis has no opening one';
      canRepeat = true;
      at++;
    } else if (QUANTIFIERS.includes(char) || char === '{') {
      if (!canRepeat) return `nothing stands before ${char} to be repeated`;
      const end = char === '{' ? readCount(pattern, at) : at + 1;
      if (typeof end === 'string') return end;
      at = pattern[end] === '?' ? end + 1 : end;
    } else {
      canRepeat = char !== '|';
      at++;
    }
  }
  return groups > 0 ? 'a parenthesis is not closed' : undefined;
}

function readEscape(pattern: string, at: number): number | string {
  const char = pattern[at + 1];
  if (char === undefined) return 'it ends with a backslash';
  if (/[1-9]/.test(char)) return 'back references are not supported';
  const long =
    /^\\(?:[pP](?:\{[^}]+\}|[A-Za-z])|x(?:\{[0-9A-Fa-f]+\}|[0-9A-Fa-f]{2})|u(?:\{[0-9A-Fa-f]+\}|[0-9A-Fa-f]{4})|U(?:\{[0-9A-Fa-f]+\}|[0-9A-Fa-f]{8})|b\{(?:start|end|start-half|end-half)\})/;
  const match = long.exec(pattern.slice(at, at + 60));
  if (match) return at + match[0].length;
  if (CLASS_ESCAPES.test(char) || PUNCTUATION.test(char) || char === '<' || char === '>') return at + 2;
  return `\\${char} has no meaning`;
}

function readClass(pattern: string, start: number): number | string {
  let depth = 0;
  for (let at = start; at < pattern.length;) {
    const char = pattern[at];
    if (char === '\\') {
      const end = readEscape(pattern, at);
      if (typeof end === 'string') return end;
      at = end;
    } else if (char === '[') {
      const named = /^\[:\^?[a-z]+:\]/.exec(pattern.slice(at, at + 14));
      if (named && depth > 0) at += named[0].length;
      else {
        depth++;
        at++;
        if (pattern[at] === '^') at++;
        // A closing bracket right after the opening one is a plain character.
        if (pattern[at] === ']') at++;
      }
    } else {
      at++;
      if (char === ']' && --depth === 0) return at;
    }
  }
  return 'a bracket is not closed';
}

function readOpening(pattern: string, at: number): { end: number; isGroup: boolean } | string {
  if (pattern[at + 1] !== '?') return { end: at + 1, isGroup: true };
  const head = pattern.slice(at, at + 200);
  if (/^\(\?(?:[=!]|<[=!])/.test(head)) return 'look-around is not supported';
  const named = /^\(\?P?<[A-Za-z_][A-Za-z0-9_.[\]]*>/.exec(head);
  if (named) return { end: at + named[0].length, isGroup: true };
  const flags = /^\(\?(?:[imsUuxR]+(?:-[imsUuxR]+)?|-[imsUuxR]+)?([:)])/.exec(head);
  if (!flags || flags[0] === '(?)') return 'the group after (? is not known';
  return { end: at + flags[0].length, isGroup: flags[1] === ':' };
}

function readCount(pattern: string, at: number): number | string {
  const match = /^\{\s*(\d*)\s*(,\s*(\d*)\s*)?\}/.exec(pattern.slice(at, at + 40));
  if (!match || (match[1] === '' && !match[3])) return 'a repetition must be {N}, {N,} or {N,M}';
  const [first, last] = [Number(match[1] || 0), match[3] ? Number(match[3]) : Infinity];
  return last < first ? 'a repetition counts down' : at + match[0].length;
}
