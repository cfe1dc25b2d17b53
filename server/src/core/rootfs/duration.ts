// Durations as people write them in settings and flags of the rootfs cache.

const SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

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
