// HPC001, HPC006: dependencies that wait for too little, or do not say what they wait for.
import type { Finding, FindingFix } from '../../model/finding.ts';
import { movedSpan, type DependencyFact, type Placed } from '../rules/facts.ts';
import { findingOf, quoted } from '../rules/finding.ts';

export function lintReadiness(services: readonly Placed[]): Finding[] {
  const byName = new Map(services.map((service) => [service.facts.name, service]));
  return edgesOf(services).flatMap(({ service, edge }) => {
    const target = byName.get(edge.target);
    if (!target || edge.condition !== 'service_started' || target.facts.readiness) return [];
    const message = `${quoted(edge.target)} has no readiness.`;
    return [
      findingOf('HPC001', {
        ...placeOf(service, edge),
        words: { service: service.facts.name, target: edge.target },
        related: [{ span: movedSpan(target.facts.span, target.shift), message }],
      }),
    ];
  });
}

export function lintImplicitConditions(services: readonly Placed[], hasExtends: boolean): Finding[] {
  const names = new Set(services.map((service) => service.facts.name));
  return edgesOf(services).flatMap(({ service, edge }) => {
    if (edge.explicit || !names.has(edge.target)) return [];
    const fix = explicitFix(edge, service.shift, hasExtends);
    const words = { target: edge.target };
    return [findingOf('HPC006', { ...placeOf(service, edge), words, ...(fix ? { fixes: [fix] } : {}) })];
  });
}

function edgesOf(services: readonly Placed[]): { service: Placed; edge: DependencyFact }[] {
  return services.flatMap((service) => service.facts.dependencies.map((edge) => ({ service, edge })));
}

function placeOf({ facts, shift }: Placed, edge: DependencyFact) {
  const field = `services.${facts.name}.depends_on.${edge.target}`;
  return { span: movedSpan(edge.span, shift), field, service: facts.name };
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
