// Typing of YAML scalars as hpc-compose's parser does it: YAML 1.2 core schema with its odd corners (spec contract, section 1).
// Pure functions over the text of one scalar.

export interface TypedScalar {
  readonly value: string | number | bigint | boolean | null;
  /** True for integers by spelling. */
  readonly integer?: boolean;
  /** Why the text is a syntax error under its tag or size. */
  readonly problem?: string;
}

const NULLS = new Set(['', '~', 'null', 'Null', 'NULL']);
const TRUES = new Set(['true', 'True', 'TRUE']);
const FALSES = new Set(['false', 'False', 'FALSE']);
const SPECIAL_FLOATS: ReadonlyMap<string, number> = new Map([
  ['.inf', Infinity],
  ['.Inf', Infinity],
  ['.INF', Infinity],
  ['-.inf', -Infinity],
  ['-.Inf', -Infinity],
  ['-.INF', -Infinity],
  ['.nan', NaN],
  ['.NaN', NaN],
  ['.NAN', NaN],
]);

const RADIX = /^([+-]?)(0x[0-9a-fA-F]+|0o[0-7]+|0b[01]+)$/;
const DECIMAL = /^[+-]?\d+$/;
const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
/** Leading zeros make a text of digits a string. */
const ZERO_PADDED = /^[+-]?0\d+$/;
/** What a number begins with. */
const [PLUS, MINUS, DOT, ZERO, NINE] = [43, 45, 46, 48, 57];

const U64_MAX = 2n ** 64n - 1n;
const I64_MIN = -(2n ** 63n);
const U128_MAX = 2n ** 128n - 1n;
const I128_MIN = -(2n ** 127n);
const TAG_PREFIX = 'tag:yaml.org,2002:';

/** The value of a plain scalar without a tag. */
export function plainValue(text: string): TypedScalar {
  if (mayBeNumber(text.charCodeAt(0))) return numberValue(text) ?? { value: text };
  if (NULLS.has(text)) return { value: null };
  if (TRUES.has(text)) return { value: true };
  if (FALSES.has(text)) return { value: false };
  return { value: text };
}

function mayBeNumber(first: number): boolean {
  return (first >= ZERO && first <= NINE) || first === MINUS || first === PLUS || first === DOT;
}

/** True for the words that stand for null or a boolean. */
export function isWord(text: string): boolean {
  return text.length < 6 && (NULLS.has(text) || TRUES.has(text) || FALSES.has(text));
}

/** The value of a scalar under an explicit tag, plain or quoted. Unknown local tags leave the text's own type. */
export function taggedValue(text: string, tag: string, plain: boolean): TypedScalar {
  switch (tag.startsWith(TAG_PREFIX) ? tag.slice(TAG_PREFIX.length) : tag) {
    case 'bool': {
      const value = wordValue(text);
      return value === undefined ? wrong(text, 'a boolean') : { value };
    }
    case 'int':
      return integerValue(text) ?? wrong(text, 'an integer');
    case 'float': {
      const value = floatValue(text);
      return value === undefined ? wrong(text, 'a float') : { value };
    }
    case 'null':
      return text !== '' && NULLS.has(text) ? { value: null } : wrong(text, 'null');
    default:
      return plain && tag.startsWith('!') ? plainValue(text) : { value: text };
  }
}

function wrong(text: string, expected: string): TypedScalar {
  return { value: text, problem: `'${text}' is not ${expected}, but its tag says so` };
}

function wordValue(text: string): boolean | undefined {
  if (TRUES.has(text)) return true;
  return FALSES.has(text) ? false : undefined;
}

function numberValue(text: string): TypedScalar | undefined {
  const integer = integerValue(text);
  if (integer) return integer;
  if (ZERO_PADDED.test(text)) return undefined;
  const value = floatValue(text);
  return value === undefined ? undefined : { value };
}

function integerValue(text: string): TypedScalar | undefined {
  const radix = RADIX.exec(text);
  if (radix) {
    const size = BigInt(radix[2] ?? 0);
    return sized(text, radix[1] === '-' ? -size : size);
  }
  if (!DECIMAL.test(text) || ZERO_PADDED.test(text)) return undefined;
  const quick = Number(text);
  if (Number.isSafeInteger(quick)) return { value: quick === 0 ? 0 : quick, integer: true };
  return text.length > 60 ? undefined : sized(text, BigInt(text.replace('+', '')));
}

function sized(text: string, big: bigint): TypedScalar | undefined {
  if (big > U128_MAX || big < I128_MIN) return undefined;
  if (big > U64_MAX || big < I64_MIN) {
    return {
      value: text,
      problem: `the integer ${text} does not fit into 64 bits; quote it if it is a text`,
    };
  }
  const narrow = Number(big);
  return { value: Number.isSafeInteger(narrow) ? narrow : big, integer: true };
}

function floatValue(text: string): number | undefined {
  const special = SPECIAL_FLOATS.get(text.startsWith('+') ? text.slice(1) : text);
  if (special !== undefined) return special;
  if (!FLOAT.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}
