// Sizes and times as people read them, the same in lenses, tree, pages and logs.

export type Units = 'binary' | 'decimal';

const NAMES: Readonly<Record<Units, readonly string[]>> = {
  binary: ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'],
  decimal: ['B', 'kB', 'MB', 'GB', 'TB', 'PB'],
};

/** A number of bytes in at most four characters and a unit: `612 MiB`, `6.1 GiB`. */
export function formatBytes(bytes: number, units: Units = 'binary'): string {
  const step = units === 'binary' ? 1024 : 1000;
  const names = NAMES[units];
  let value = bytes;
  let unit = 0;
  while (value >= step - 0.5 && unit < names.length - 1) {
    value /= step;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${names[unit] ?? 'B'}`;
}

const SPANS: readonly (readonly [seconds: number, short: string, one: string, many: string])[] = [
  [86_400, 'd', 'day', 'days'],
  [3600, 'h', 'hour', 'hours'],
  [60, 'min', 'minute', 'minutes'],
];

/** How long ago a moment was, both in seconds since the epoch: `3 d ago`, `just now`. */
export function formatAgo(moment: number, now: number): string {
  const seconds = now - moment;
  for (const [size, short] of SPANS) {
    if (seconds >= size) return `${Math.floor(seconds / size)} ${short} ago`;
  }
  return 'just now';
}

/** As {@link formatAgo} in whole words, for screen readers: `3 days ago`. */
export function speakAgo(moment: number, now: number): string {
  const seconds = now - moment;
  for (const [size, , one, many] of SPANS) {
    if (seconds < size) continue;
    const count = Math.floor(seconds / size);
    return `${count} ${count === 1 ? one : many} ago`;
  }
  return 'just now';
}

/** Bytes of a size as written in settings (`50 GB`, `1.5TiB`, `1000`), or undefined when it is none. `G` and `GiB` count by 1024, `GB` by 1000. */
export function parseSize(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kKMGTP])?(i)?(B)?\s*$/.exec(text);
  if (!match?.[1]) return undefined;
  const power = 'KMGTP'.indexOf(match[2]?.toUpperCase() ?? ' ') + 1;
  const step = match[4] && !match[3] ? 1000 : 1024;
  return Math.round(Number(match[1]) * step ** power);
}
