// Whether two values say the same: plain data and maps, compared in depth and in order; functions are the same only when they are one.

/** True for equal plain data. */
export function isSameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Map && b instanceof Map) return isSameValue([...a], [...b]);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [own, other] = [Object.entries(a), Object.entries(b)];
  if (own.length !== other.length) return false;
  return own.every(
    ([key, value]) => Object.hasOwn(b, key) && isSameValue(value, (b as Record<string, unknown>)[key]),
  );
}
