// Small facts about texts, with hpc-compose's idea of white space (Unicode White_Space) and of numbers.

// U+FEFF is white space for JavaScript's trim() and not here; U+0085 the other way round.
const BLANKS = '[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const LEADING = new RegExp(`^${BLANKS}+`);
const ONE_BLANK = new RegExp(BLANKS);

export const U32_MAX = 0xffff_ffff;
const U64_MAX = 0xffff_ffff_ffff_ffffn;

export function trimStart(text: string): string {
  return text.replace(LEADING, '');
}

export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && ONE_BLANK.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

export function trim(text: string): string {
  return trimEnd(trimStart(text));
}

/** True when nothing but white space is there. */
export function isBlank(text: string): boolean {
  return trimStart(text) === '';
}

/** Where the first white space stands, or -1. */
export function blankAt(text: string): number {
  return text.search(ONE_BLANK);
}

/** The words between white space, each with its place. */
export function wordsOf(text: string): string[] {
  return text.split(new RegExp(`${BLANKS}+`)).filter((word) => word !== '');
}

/** Name of the first LF, CR or NUL in the text, or undefined: such a text is not line-safe. */
export function lineBreakIn(text: string): 'line break' | 'NUL character' | undefined {
  if (/[\r\n]/.test(text)) return 'line break';
  return text.includes('\0') ? 'NUL character' : undefined;
}

/** Digits only, up to 2^64-1; a number where a double holds it exactly. */
export function digitsOf(text: string): number | bigint | undefined {
  if (!/^[0-9]+$/.test(text)) return undefined;
  const short = text.replace(/^0+(?=.)/, '');
  if (short.length <= 15) return Number(short);
  if (short.length > 20) return undefined;
  const value = BigInt(short);
  return value <= U64_MAX ? value : undefined;
}

/** As digitsOf, one leading `+` allowed, as Rust reads unsigned numbers. */
export function unsignedOf(text: string): number | bigint | undefined {
  return digitsOf(text.startsWith('+') ? text.slice(1) : text);
}

/** As unsignedOf, up to 2^32-1. */
export function u32Of(text: string): number | undefined {
  const value = unsignedOf(text);
  return typeof value === 'number' && value <= U32_MAX ? value : undefined;
}

/** True for `[A-Za-z_][A-Za-z0-9_]*`, the form of a variable name. */
export function isIdentifier(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
}
