// Sizes and durations as people write them in settings and flags of the rootfs cache.

const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 0,
  k: 1,
  m: 2,
  g: 3,
  t: 4,
  p: 5,
};
const SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Bytes of `0`, `500M`, `200GiB`, `1.5 TB` (all binary), or undefined when the text is no size. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgtp]?)(?:i?b)?$/i.exec(text.trim());
  if (!match) return undefined;
  const bytes = Number(match[1]) * 1024 ** (SIZE_UNITS[(match[2] ?? '').toLowerCase()] ?? 0);
  return Number.isSafeInteger(Math.floor(bytes)) ? Math.floor(bytes) : undefined;
}

/** Seconds of `90`, `60s`, `2m`, `6h`, `1h30m`, `7d`, or undefined when the text is no duration. */
export function parseDuration(text: string): number | undefined {
  const words = text.trim().toLowerCase();
  if (/^\d+(\.\d+)?$/.test(words)) return Number(words);
  if (!/^(\d+(\.\d+)?(ms|[smhdw])\s*)+$/.test(words)) return undefined;
  return [...words.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (unit === 'ms' ? 0.001 : (SECONDS[unit ?? ''] ?? 0)),
    0,
  );
}
