// GPUs asked for through `gres`. Spec contract, section 6.14.
import { trim, u32Of, U32_MAX } from './text.ts';

function gpuItems(gres: string): string[][] {
  return gres
    .split(',')
    .map((item) => trim(item).split(':'))
    .filter(([name = '']) => /^(gres\/)?gpu$/i.test(name));
}

export function asksForGpu(gres: string): boolean {
  return gpuItems(gres).length > 0;
}

/** GPUs per node, or undefined when there is none or a count is 0 or too big. */
export function gpuCountOf(gres: string): number | undefined {
  const items = gpuItems(gres);
  if (items.length === 0) return undefined;
  let total = 0;
  for (const fields of items) {
    const count = u32Of(fields.at(-1) ?? '') ?? 1;
    total += count;
    if (count === 0 || total > U32_MAX) return undefined;
  }
  return total;
}
