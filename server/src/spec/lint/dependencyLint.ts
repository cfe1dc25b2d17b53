// HPC001, HPC006: dependencies that wait for too little, or do not say what they wait for.
import type { Finding, FindingFix } from '../../model/finding.ts';
import { movedSpan, type DependencyFact, type PlacedWith } from '../rules/facts.ts';
import type { ServiceGraph, Waiting } from '../serviceGraph.ts';
import { findingOf, quoted } from '../rules/finding.ts';

type Ready = PlacedWith<'dependencies' | 'readiness'>;

/** Services in any order. */
export function lintReadiness(services: readonly Ready[], { find }: ServiceGraph<Ready>): Finding[] {
  return onEdges(services, (service, edge) => {
    const target = edge.condition === 'service_started' ? find(edge.target) : undefined;
    if (!target || target.facts.readiness) return undefined;
    const message = `${quoted(edge.target)} has no readiness.`;
    return findingOf('HPC001', {
      ...placeOf(service, edge),
      words: { service: service.facts.name, target: edge.target },
      related: [{ span: movedSpan(target.facts.span, target.shift), message }],
    });
  });
}

/** Services in any order. */
export function lintImplicitConditions(
  services: readonly Waiting[],
  { find }: ServiceGraph<Waiting>,
  hasExtends: boolean,
): Finding[] {
  const fixOf = explicitFixes(hasExtends);
  return onEdges(services, (service, edge) => {
    if (edge.explicit || !find(edge.target)) return undefined;
    const fix = fixOf(edge, service.shift);
    const words = { target: edge.target };
    return findingOf('HPC006', { ...placeOf(service, edge), words, ...(fix ? { fixes: [fix] } : {}) });
  });
}

/** What is found on each edge, in the order of services and edges. */
function onEdges<S extends Waiting>(
  services: readonly S[],
  check: (service: S, edge: DependencyFact) => Finding | undefined,
): Finding[] {
  const findings: Finding[] = [];
  for (const service of services)
    for (const edge of service.facts.dependencies) {
      const finding = check(service, edge);
      if (finding) findings.push(finding);
    }
  return findings;
}

function placeOf({ facts, shift }: Waiting, edge: DependencyFact) {
  const field = `services.${facts.name}.depends_on.${edge.target}`;
  return { span: movedSpan(edge.span, shift), field, service: facts.name };
}

/** All dependencies of a list have one fix, which writes the whole list: made for each of them it would be as big as its square. */
function explicitFixes(hasExtends: boolean) {
  let last: { of: DependencyFact['fix']; shift: number; fix: FindingFix | undefined } | undefined;
  return (edge: DependencyFact, shift: number): FindingFix | undefined => {
    if (!last || last.of !== edge.fix || last.shift !== shift)
      last = { of: edge.fix, shift, fix: explicitFix(edge, shift, hasExtends) };
    return last.fix;
  };
}

function explicitFix(edge: DependencyFact, shift: number, hasExtends: boolean): FindingFix | undefined {
  if (!edge.fix || (edge.fix.isWholeList && hasExtends)) return undefined;
  return {
    title: edge.fix.isWholeList ? 'Write all conditions of the list' : 'Write the condition',
    edits: edge.fix.edits.map(({ span, newText }) => ({ span: movedSpan(span, shift), newText })),
    preservesMeaning: true,
    preferred: true,
  };
}
