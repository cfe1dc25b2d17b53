// A unified diff of two texts whose lines differ in place: lines are never added or removed by our fixes.

/** Hunks of changed lines with three lines around them. */
export function lineDiff(before: string, after: string, name: string): string {
  const [old, now] = [before.split('\n'), after.split('\n')];
  if (old.length !== now.length) return wholeDiff(old, now, name);
  const changed = old.flatMap((line, index) => (line === now[index] ? [] : [index]));
  const hunks: string[] = [];
  for (let at = 0; at < changed.length;) {
    const first = changed[at] ?? 0;
    let last = first;
    while (at < changed.length && (changed[at] ?? 0) <= last + 6) last = changed[at++] ?? last;
    hunks.push(hunkOf(old, now, Math.max(0, first - 3), Math.min(old.length - 1, last + 3)));
  }
  return [`--- ${name}`, `+++ ${name}`, ...hunks].join('\n');
}

function hunkOf(old: readonly string[], now: readonly string[], first: number, last: number): string {
  const count = last - first + 1;
  const lines = [`@@ -${first + 1},${count} +${first + 1},${count} @@`];
  for (let index = first; index <= last; index++) {
    const [was, is] = [old[index] ?? '', now[index] ?? ''];
    if (was === is) lines.push(` ${was}`);
    else lines.push(`-${was}`, `+${is}`);
  }
  return lines.map((line) => line.replace(/\r$/, '')).join('\n');
}

function wholeDiff(old: readonly string[], now: readonly string[], name: string): string {
  const head = [`--- ${name}`, `+++ ${name}`, `@@ -1,${old.length} +1,${now.length} @@`];
  return [...head, ...old.map((line) => `-${line}`), ...now.map((line) => `+${line}`)].join('\n');
}
