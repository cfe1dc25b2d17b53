// The rules over all blocks of a spec: they see facts alone, so that one edited block costs no second look at the others.
import type { Finding } from '../../model/finding.ts';
import { checkDependencies } from './dependencies.ts';
import { compareNames, type Placed, type RootFacts } from './facts.ts';
import { findingOf } from './finding.ts';
import { layOut } from './layout.ts';
import { checkFit } from './resourceFit.ts';
import { checkCachesInEachOther, checkInheritedCache } from './rootfsCache.ts';

/** R130 and R150-R164, in the order of the contract. Services in any order. */
export function checkAll(root: RootFacts, services: readonly Placed[]): Finding[] {
  if (services.length === 0) return [findingOf('R130', { span: root.servicesSpan, field: 'services' })];
  const sorted = sortServices(services);
  const { layouts, findings } = layOut(root, sorted);
  return [
    ...findings,
    ...checkFit(root, sorted, layouts),
    ...checkDependencies(sorted),
    ...checkInheritedCache(root, sorted),
    ...checkCachesInEachOther(root, sorted),
  ];
}

/** By name, in the order of bytes. */
export function sortServices(services: readonly Placed[]): readonly Placed[] {
  return services.toSorted((a, b) => compareNames(a.facts.name, b.facts.name));
}
