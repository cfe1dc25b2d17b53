// The order in which services are prepared and listed: dependencies first, then names in byte order (spec contract, section 2).
import { compareBytes } from '../model/byteOrder.ts';
import { stringOf, type SpecNode, valueOf } from '../spec/node.ts';

/** Names of all services in that order. Rings and unknown names (R161, R164) are passed over. */
export function orderServices(services: ReadonlyMap<string, SpecNode>): string[] {
  const ordered = new Set<string>();
  for (const name of [...services.keys()].sort(compareBytes)) visit(name, services, ordered);
  return [...ordered];
}

interface Frame {
  readonly name: string;
  readonly rest: string[];
}

/** Depth first without recursion, so that long chains are no problem. */
function visit(start: string, services: ReadonlyMap<string, SpecNode>, ordered: Set<string>): void {
  const open = new Set<string>();
  const stack: Frame[] = [];
  const enter = (name: string) => {
    const service = services.get(name);
    if (!service || ordered.has(name) || open.has(name)) return;
    open.add(name);
    stack.push({ name, rest: dependenciesOf(service) });
  };
  enter(start);
  for (let frame = stack.at(-1); frame; frame = stack.at(-1)) {
    const next = frame.rest.shift();
    if (next !== undefined) enter(next);
    else {
      ordered.add(frame.name);
      stack.pop();
    }
  }
}

/** List form in written order, mapping form by name. */
function dependenciesOf(service: SpecNode): string[] {
  const node = valueOf(service, 'depends_on');
  if (node?.kind === 'seq') return node.items.flatMap((item) => stringOf(item) ?? []);
  if (node?.kind !== 'map') return [];
  return node.pairs.map(({ key }) => String(key.value)).sort(compareBytes);
}
