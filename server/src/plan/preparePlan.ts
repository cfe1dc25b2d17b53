// The prepare block of a service as it enters the key (cache contract, section 2.2).
import { compareBytes } from '../model/byteOrder.ts';
import type { PreparePlan } from '../model/plan.ts';
import { isNull, itemsOf, stringOf, valueAt, valueOf, type SpecNode } from '../spec/node.ts';
import { normaliseMount, type PathBase } from './normalise.ts';

/** The block below `x-runtime` or `x-enroot`; undefined when there is none. Items of a wrong kind are left out: other rules name them. */
export function readPrepare(service: SpecNode, base: PathBase): PreparePlan | undefined {
  const block = [valueAt(service, 'x-runtime', 'prepare'), valueAt(service, 'x-enroot', 'prepare')].find(
    (node) => !isNull(node),
  );
  if (!block) return undefined;
  const mounts = textsOf(valueOf(block, 'mounts')).flatMap((mount) => normaliseMount(mount, base) ?? []);
  const root = valueOf(block, 'root');
  return {
    commands: textsOf(valueOf(block, 'commands')),
    mounts,
    env: readEnvironment(valueOf(block, 'env')),
    root: !(root?.kind === 'scalar' && root.value === false),
    forceRebuild: mounts.length > 0,
  };
}

/** `NAME=value` items: the mapping form sorted by name, the list form as written. */
function readEnvironment(node: SpecNode | undefined): string[] {
  if (node?.kind !== 'map') return textsOf(node);
  return node.pairs
    .map(({ key, value }) => [String(key.value), stringOf(value) ?? ''] as const)
    .sort(([a], [b]) => compareBytes(a, b))
    .map(([name, value]) => `${name}=${value}`);
}

function textsOf(node: SpecNode | undefined): string[] {
  return itemsOf(node).flatMap((item) => stringOf(item) ?? []);
}
