// HX026, HX027, HX035: numbers and names of a spec that do not go together. Only what is certain.
import type { Finding } from '../../model/finding.ts';
import { movedSpan, type Placed, type RootFacts } from '../rules/facts.ts';
import { counted, findingOf } from '../rules/finding.ts';

/** Own findings over facts. Services in any order. */
export function checkRelations(root: RootFacts, services: readonly Placed[]): Finding[] {
  const registered = new Set(services.flatMap(({ facts }) => facts.registers?.value ?? []));
  return [
    ...services.flatMap((service) => [...timeOf(root, service), ...tasksOf(root, service)]),
    ...root.discovers
      .filter(({ value }) => !registered.has(value))
      .map(({ value, span }) =>
        findingOf('HX035', { span, field: 'x-slurm.rendezvous', words: { name: value } }),
      ),
    ...gpusOf(root),
  ];
}

function timeOf({ time }: RootFacts, { facts, shift }: Placed): Finding[] {
  const limit = facts.timeLimit;
  if (!time || !limit || limit.value <= time.value) return [];
  const words = {
    problem: 'The service may run longer than the whole job: `time_limit` is above `x-slurm.time`.',
  };
  const field = `services.${facts.name}.x-slurm.time_limit`;
  const related = [{ span: time.span, message: 'The time of the job stands here.' }];
  return [
    findingOf('HX026', { span: movedSpan(limit.span, shift), field, service: facts.name, words, related }),
  ];
}

function tasksOf({ counts }: RootFacts, { facts, shift }: Placed): Finding[] {
  const perNode = facts.counts.ntasks_per_node;
  if (!perNode || facts.counts.ntasks || typeof counts.ntasks?.value !== 'number') return [];
  const problem = `\`ntasks_per_node\` has no effect here: the job's \`ntasks\` (${counts.ntasks.value}) wins.`;
  const field = `services.${facts.name}.x-slurm.ntasks_per_node`;
  const related = [{ span: counts.ntasks.span, message: '`ntasks` of the job stands here.' }];
  const span = movedSpan(perNode.span, shift);
  return [findingOf('HX027', { span, field, service: facts.name, words: { problem }, related })];
}

function gpusOf({ counts }: RootFacts): Finding[] {
  const [gpus, perNode, nodes] = [counts.gpus?.value, counts.gpus_per_node?.value, counts.nodes?.value ?? 1];
  if (typeof gpus !== 'number' || typeof perNode !== 'number' || typeof nodes !== 'number' || !counts.gpus)
    return [];
  if (gpus <= perNode * nodes) return [];
  const problem = `\`gpus\` is ${gpus}, but ${counted(nodes, 'node')} with ${counted(perNode, 'GPU')} each have ${perNode * nodes}.`;
  return [findingOf('HX027', { span: counts.gpus.span, field: 'x-slurm.gpus', words: { problem } })];
}
