// Shapes of TOML files as data, and the check of a parsed file against one. Strict: unknown keys are problems.

export type TomlShape =
  | 'string'
  | 'bool'
  | 'u16'
  | 'u32'
  | 'u64'
  | 'strings'
  /** One of these words. */
  | { readonly words: readonly string[] }
  /** Exactly these keys; unknown ones are refused. */
  | { readonly table: Readonly<Record<string, TomlShape>>; readonly required?: readonly string[] }
  /** An array of tables. */
  | { readonly list: TomlShape }
  /** Any keys, values of one shape. */
  | { readonly map: TomlShape };

export interface ShapeProblem {
  readonly path: readonly string[];
  readonly message: string;
}

const LIMITS = { u16: 2n ** 16n - 1n, u32: 2n ** 32n - 1n, u64: 2n ** 64n - 1n } as const;

/** Everything in a parsed TOML value (integers as bigint) that does not fit the shape, in the order of the file. */
export function checkShape(value: unknown, shape: TomlShape, path: readonly string[] = []): ShapeProblem[] {
  switch (shape) {
    case 'string':
      return typeof value === 'string' ? [] : [wrong(path, 'a string', value)];
    case 'bool':
      return typeof value === 'boolean' ? [] : [wrong(path, 'true or false', value)];
    case 'u16':
    case 'u32':
    case 'u64':
      return checkInteger(value, LIMITS[shape], path);
    case 'strings':
      if (!Array.isArray(value)) return [wrong(path, 'a list of strings', value)];
      return value.flatMap((item) =>
        typeof item === 'string' ? [] : [wrong(path, 'a list of strings', item)],
      );
    default:
      return checkCompound(value, shape, path);
  }
}

function checkCompound(
  value: unknown,
  shape: Exclude<TomlShape, string>,
  path: readonly string[],
): ShapeProblem[] {
  if ('words' in shape) {
    if (typeof value === 'string' && shape.words.includes(value)) return [];
    return [wrong(path, `one of ${shape.words.join(', ')}`, value)];
  }
  if ('list' in shape) {
    if (!Array.isArray(value)) return [wrong(path, 'a list of tables', value)];
    return value.flatMap((item, index) => checkShape(item, shape.list, [...path, String(index)]));
  }
  return checkTable(value, shape, path);
}

function checkInteger(value: unknown, limit: bigint, path: readonly string[]): ShapeProblem[] {
  if (typeof value !== 'bigint') return [wrong(path, 'an integer', value)];
  if (value >= 0n && value <= limit) return [];
  return [{ path, message: `${path.join('.')} must be between 0 and ${limit}, got ${value}` }];
}

function checkTable(
  value: unknown,
  shape: Extract<TomlShape, { table: unknown } | { map: unknown }>,
  path: readonly string[],
): ShapeProblem[] {
  if (!isTable(value)) return [wrong(path, 'a table', value)];
  const required = 'table' in shape ? (shape.required ?? []) : [];
  const missing = required
    .filter((key) => !Object.hasOwn(value, key))
    .map((key) => ({ path, message: `${path.join('.')} needs the key '${key}'` }));
  const wrongs = Object.entries(value).flatMap(([key, inner]) => {
    const at = [...path, key];
    if ('map' in shape) return checkShape(inner, shape.map, at);
    const innerShape = Object.hasOwn(shape.table, key) ? shape.table[key] : undefined;
    if (innerShape !== undefined) return checkShape(inner, innerShape, at);
    const known = Object.keys(shape.table).join(', ');
    return [{ path: at, message: `unknown key '${at.join('.')}'; known here: ${known}` }];
  });
  return [...missing, ...wrongs];
}

/** True for a TOML table (not an array, not a date). */
export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function wrong(path: readonly string[], wanted: string, value: unknown): ShapeProblem {
  return { path, message: `${path.join('.')} must be ${wanted}, got ${describe(value)}` };
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a date';
  if (typeof value === 'object') return 'a table';
  if (typeof value === 'bigint') return `the integer ${value}`;
  return typeof value === 'string' ? 'a string' : JSON.stringify(value);
}
