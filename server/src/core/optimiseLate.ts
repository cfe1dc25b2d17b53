// When V8 makes machine code: at once is too early for whoever does much for the first time. A command of a fraction of a second
// spends a quarter of its processor time on code that never pays, an opening of a big spec a third. Measured in each version that
// is named here; others keep V8's own choice, because flags have other names and effects in each.
import { setFlagsFromString } from 'node:v8';

interface Choice {
  readonly late: readonly string[];
  /** V8's own. */
  readonly usual: readonly string[];
}

const COUNTS = ['for-maglev', 'for-maglev-osr', 'for-turbofan', 'for-osr'];
const counts = (...values: readonly number[]) =>
  COUNTS.map((name, index) => `--invocation-count-${name}=${values[index] ?? 0}`);
const LATE_COUNTS = counts(2500, 600, 12_000, 2000);

/** By the major and minor version of V8. */
const CHOICES: Readonly<Record<string, Choice>> = {
  // Node 20.
  '11.3': { late: ['--interrupt-budget=1000000'], usual: ['--interrupt-budget=67584'] },
  // Node 22.
  '12.4': { late: LATE_COUNTS, usual: counts(400, 100, 3000, 800) },
  // Node 24.
  '13.6': { late: LATE_COUNTS, usual: counts(400, 100, 3000, 500) },
};

/** Makes V8 wait several times longer than it does by itself before it optimises a function. */
export function optimiseLate(): void {
  choice()?.late.forEach(setFlagsFromString);
}

/** V8's own choice again. */
export function optimiseAsUsual(): void {
  choice()?.usual.forEach(setFlagsFromString);
}

function choice(): Choice | undefined {
  return CHOICES[process.versions.v8.split('.', 2).join('.')];
}
