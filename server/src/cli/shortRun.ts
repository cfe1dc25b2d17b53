// Commands that are over in a fraction of a second: V8 would spend a quarter of their processor time on machine code that
// never pays. Only where it was measured (V8 11, Node 20); flags have other names and effects in other versions.
import { setFlagsFromString } from 'node:v8';

/** Makes V8 wait about eight times longer than it does by itself before it optimises a function. */
export function optimiseLate(): void {
  if (process.versions.v8.startsWith('11.')) setFlagsFromString('--interrupt-budget=1000000');
}
