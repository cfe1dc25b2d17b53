// HX026, HX027, HX035: numbers and names of a spec that do not go together. Only what is certain.
import type { Finding } from '../../model/finding.ts';
import { NOTHING_KEPT, type Kept } from '../kept.ts';
import { movedSpan, type CountKey, type Counts, type PlacedWith, type RootFacts } from '../rules/facts.ts';
import { counted, findingOf, quoted } from '../rules/finding.ts';

/** What these rules read of a service. */
type Related = PlacedWith<'counts' | 'timeLimit' | 'registers'>;

/** Own findings over facts. Services in any order; `kept` keeps those of each alone. */
export function checkRelations(
  root: RootFacts,
  services: readonly Related[],
  kept: Kept = NOTHING_KEPT,
): Finding[] {
  const { time, counts, discovers } = root;
  const job = { time, counts };
  const alone = (service: Related) => relationsOf(job, service);
  const findings = kept.found('relations', services, alone, [time, counts]).flat();
  const registering = kept.found('registering', services, (service) =>
    service.facts.registers ? service : undefined,
  );
  const registered = new Set(registering.map(({ facts }) => facts.registers?.value));
  return [
    ...findings,
    ...registeredTwice(registering),
    ...discovers
      .filter(({ value }) => !registered.has(value))
      .map(({ value, span }) =>
        findingOf('HX035', { span, field: 'x-slurm.rendezvous', words: { name: value } }),
      ),
    ...gpusOf(job),
  ];
}

interface Job {
  readonly time: RootFacts['time'] | undefined;
  readonly counts: Counts;
}

const NOTHING: readonly Finding[] = [];
const SERVICE_CHECKS: readonly ((job: Job, service: Related) => readonly Finding[])[] = [
  timeOf,
  tasksOf,
  tasksAlone,
  serviceGpus,
];

/** What one service and the job tell together; undefined where that is nothing. */
function relationsOf(job: Job, service: Related): readonly Finding[] | undefined {
  let found: Finding[] | undefined;
  for (const check of SERVICE_CHECKS) for (const finding of check(job, service)) (found ??= []).push(finding);
  return found;
}

function timeOf({ time }: Job, { facts, shift }: Related): readonly Finding[] {
  const limit = facts.timeLimit;
  if (!time || !limit || limit.value <= time.value) return NOTHING;
  const words = {
    problem: 'The service may run longer than the whole job: `time_limit` is above `x-slurm.time`.',
  };
  const field = `services.${facts.name}.x-slurm.time_limit`;
  const related = [{ span: time.span, message: 'The time of the job stands here.' }];
  return [
    findingOf('HX026', { span: movedSpan(limit.span, shift), field, service: facts.name, words, related }),
  ];
}

function tasksOf({ counts }: Job, { facts, shift }: Related): readonly Finding[] {
  const perNode = facts.counts.ntasks_per_node;
  if (!perNode || facts.counts.ntasks || typeof counts.ntasks?.value !== 'number') return NOTHING;
  const problem = `\`ntasks_per_node\` has no effect here: the job's \`ntasks\` (${counts.ntasks.value}) wins.`;
  const field = `services.${facts.name}.x-slurm.ntasks_per_node`;
  const related = [{ span: counts.ntasks.span, message: '`ntasks` of the job stands here.' }];
  const span = movedSpan(perNode.span, shift);
  return [findingOf('HX027', { span, field, service: facts.name, words: { problem }, related })];
}

/** HX025: two services under one rendezvous name; the later one takes the place of the other. */
function registeredTwice(services: readonly Related[]): Finding[] {
  const firsts = new Map<string, Related>();
  return services.flatMap((placed) => {
    const { facts, shift } = placed;
    if (!facts.registers) return [];
    const { value, span } = facts.registers;
    const first = firsts.get(value);
    if (!first) {
      firsts.set(value, placed);
      return [];
    }
    const message = `The service ${quoted(first.facts.name)} registers it, too.`;
    return findingOf('HX025', {
      span: movedSpan(span, shift),
      field: `services.${facts.name}.x-slurm.rendezvous.register.name`,
      service: facts.name,
      words: { what: `The rendezvous name ${quoted(value)}` },
      related: [{ span: movedSpan(first.facts.registers?.span ?? first.facts.span, first.shift), message }],
    });
  });
}

function onCount({ facts, shift }: Related, key: CountKey, problem: string): Finding[] {
  const span = facts.counts[key]?.span ?? facts.span;
  const field = `services.${facts.name}.x-slurm.${key}`;
  return [
    findingOf('HX027', { span: movedSpan(span, shift), field, service: facts.name, words: { problem } }),
  ];
}

/** Slurm gives a job that asks for no tasks and no CPUs one CPU a node, unless the partition gives whole nodes. */
function tasksAlone({ counts }: Job, placed: Related): readonly Finding[] {
  const tasks = placed.facts.counts.ntasks?.value;
  const nodes = counts.nodes?.value ?? 1;
  const isAsked = counts.ntasks ?? counts.ntasks_per_node ?? counts.cpus_per_task ?? counts.cpus_per_gpu;
  if (typeof tasks !== 'number' || typeof nodes !== 'number' || isAsked || tasks <= nodes) return NOTHING;
  const problem = `\`ntasks\` is ${tasks}, but the job asks for no tasks: unless the partition gives whole nodes, Slurm gives it one CPU a node. Set \`x-slurm.ntasks\` or \`ntasks_per_node\` for the job.`;
  return onCount(placed, 'ntasks', problem);
}

function serviceGpus({ counts }: Job, placed: Related): readonly Finding[] {
  const own = placed.facts.counts;
  const [nodes, perNode] = [counts.nodes?.value ?? 1, counts.gpus_per_node?.value];
  const [gpus, perTask] = [own.gpus?.value, own.gpus_per_task?.value];
  const most = own.gpus_per_node?.value ?? perNode;
  const findings: Finding[] = [];
  if (
    typeof gpus === 'number' &&
    typeof perNode === 'number' &&
    typeof nodes === 'number' &&
    gpus > nodes * perNode
  )
    findings.push(
      ...onCount(
        placed,
        'gpus',
        `\`gpus\` is ${gpus}, but ${counted(nodes, 'node')} with ${counted(perNode, 'GPU')} each have ${nodes * perNode}.`,
      ),
    );
  if (typeof perTask === 'number' && typeof most === 'number' && perTask > most)
    findings.push(
      ...onCount(
        placed,
        'gpus_per_task',
        `A task runs on one node, and \`gpus_per_task\` is ${perTask}, while a node has ${counted(most, 'GPU')}.`,
      ),
    );
  return findings;
}

function gpusOf({ counts }: Job): Finding[] {
  const [gpus, perNode, nodes] = [counts.gpus?.value, counts.gpus_per_node?.value, counts.nodes?.value ?? 1];
  if (typeof gpus !== 'number' || typeof perNode !== 'number' || typeof nodes !== 'number' || !counts.gpus)
    return [];
  if (gpus <= perNode * nodes) return [];
  const problem = `\`gpus\` is ${gpus}, but ${counted(nodes, 'node')} with ${counted(perNode, 'GPU')} each have ${perNode * nodes}.`;
  return [findingOf('HX027', { span: counts.gpus.span, field: 'x-slurm.gpus', words: { problem } })];
}
