// The rules over all blocks of a spec: they see facts alone, so that one edited block costs no second look at the others.
import type { Finding } from '../../model/finding.ts';
import type { Together } from '../checkTogether.ts';
import { checkRings, checkTargets } from './dependencies.ts';
import { findingOf } from './finding.ts';
import { layOut } from './layout.ts';
import { checkFit } from './resourceFit.ts';
import { checkCachesInEachOther, checkInheritedCache } from './rootfsCache.ts';

/** R130 and R150-R164, in the order of the contract. */
export function checkAll({ root, services, check, checkEdges }: Together): Finding[] {
  if (services.length === 0) return [findingOf('R130', { span: root.servicesSpan, field: 'services' })];
  return [
    ...check(
      'layout',
      ['counts', 'placement', 'placementSpan', 'gres', 'readiness', 'expectedRanks'],
      (facts, _all, byName) => {
        const { layouts, findings } = layOut(facts, byName());
        return [...findings, ...checkFit(facts, byName(), layouts)];
      },
    ),
    ...checkEdges('targets', ['readiness', 'ignored'], checkTargets),
    ...checkEdges('rings', [], checkRings),
    ...check('inherited cache', ['imageless'], checkInheritedCache, [], 'imageless'),
    ...check('caches', ['cached'], checkCachesInEachOther, [], 'cached'),
  ];
}
