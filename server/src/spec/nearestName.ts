// Finds the known name that a mistyped one was probably meant to be.

/** The nearest of the known names by edit distance, ignoring case; undefined when none is near. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  // One letter is as near to every other one.
  const limit = name.length < 2 ? 0 : Math.max(1, Math.floor(name.length / 3));
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let bound = limit + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= bound) continue;
    const distance = distanceOf(wanted, candidate.toLowerCase(), bound);
    if (distance >= bound) continue;
    best = candidate;
    bound = distance;
  }
  return best;
}

/** What two words share at their ends costs nothing; among thousands of names alike little else is left. */
function distanceOf(a: string, b: string, bound: number): number {
  const shorter = Math.min(a.length, b.length);
  let front = 0;
  while (front < shorter && a.charCodeAt(front) === b.charCodeAt(front)) front += 1;
  let back = 0;
  while (back < shorter - front && a.charCodeAt(a.length - 1 - back) === b.charCodeAt(b.length - 1 - back))
    back += 1;
  const [left, right] = [a.slice(front, a.length - back), b.slice(front, b.length - back)];
  if (left === '' || right === '') return left.length + right.length;
  return editDistance(left, right, bound);
}

/** Insertions, removals, replacements and swaps of neighbours; any number from `bound` up when there are so many. */
function editDistance(a: string, b: string, bound: number): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    let least = row;
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, (before[column - 2] ?? 0) + 1);
      }
      current.push(cost);
      if (cost < least) least = cost;
    }
    // A swap looks two rows back; nothing else can get below the least of two rows.
    if (least >= bound && Math.min(...previous) >= bound) return bound;
    before = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
