// Whether services fit into the allocation once they are laid out: R155-R160. Spec contract, section 9.7.
import type { Finding, Span } from '../../model/finding.ts';
import { gpuCountOf } from '../grammar/gres.ts';
import { describeNodes, intersectionOf, type Interval } from '../grammar/nodeRange.ts';
import { U32_MAX } from '../grammar/text.ts';
import {
  movedSpan,
  type CountFact,
  type CountKey,
  type Counts,
  type Fact,
  type PlacedWith,
  type RootFacts,
} from './facts.ts';
import { counted, findingOf, quoted, type Case } from './finding.ts';
import type { RuleCode } from './catalogue.ts';
import type { Layout } from './layout.ts';

/** What decides whether a service fits. */
type Fitted = PlacedWith<'counts' | 'placement' | 'placementSpan' | 'gres' | 'readiness' | 'expectedRanks'>;

type Layouts = readonly (Layout | undefined)[];

/** R155-R158 and R160 of every service, then R159 over all. `services` in the order of names, with a layout for each. */
export function checkFit(root: RootFacts, services: readonly Fitted[], layouts: Layouts): Finding[] {
  const findings: Finding[] = [];
  const limits = limitsOf(root);
  const report: Report = ({ facts, shift }, code, span, key, found) => {
    const field = `services.${facts.name}.${key}`;
    findings.push(findingOf(code, { ...found, span: movedSpan(span, shift), field, service: facts.name }));
  };
  for (let index = 0; index < services.length; index += 1) {
    const [service, layout] = [services[index], layouts[index]];
    if (service && layout) checkService(limits, service, layout, report);
  }
  return [...findings, ...checkOverlaps(services, layouts)];
}

function checkService(limits: Limits, service: Fitted, layout: Layout, report: Report): void {
  checkRanks(limits, service, layout, report);
  checkLimits(limits, service, layout, report);
  const { readiness } = service.facts;
  if (readiness && 'isLocal' in readiness && readiness.isLocal && !isOnFirst(layout))
    report(service, 'R158', readiness.span, 'readiness', { words: { nodes: describeNodes(layout.nodes) } });
}

function isOnFirst({ nodes }: Layout): boolean {
  return nodes.length === 1 && nodes[0]?.[0] === 0 && nodes[0][1] === 0;
}

type Report = (service: Fitted, code: RuleCode, span: Span, key: string, found: Partial<Case>) => void;

interface Ranks {
  readonly total: number;
  /** Where the number comes from, when the service itself says it. */
  readonly span: Span | undefined;
  readonly perNode?: number;
}

/** Tasks that a service starts; undefined when a count that matters is broken. */
function ranksOf({ counts }: Limits, { facts }: Fitted, layout: Layout): Ranks | undefined {
  const own = facts.counts;
  const total = own.ntasks ?? counts.ntasks;
  if (total) return total.value === 'broken' ? undefined : { total: total.value, span: own.ntasks?.span };
  const perNode = own.ntasks_per_node ?? counts.ntasks_per_node;
  if (!perNode) return { total: layout.size, span: own.nodes?.span };
  if (perNode.value === 'broken') return undefined;
  const span = own.ntasks_per_node?.span ?? own.nodes?.span;
  return { total: perNode.value * layout.size, span, perNode: perNode.value };
}

/** R155, R156, R160. */
function checkRanks(limits: Limits, service: Fitted, layout: Layout, report: Report): void {
  const ranks = ranksOf(limits, service, layout);
  if (!ranks) return;
  const span = ranks.span ?? service.facts.span;
  if (ranks.total > U32_MAX) {
    const words = { nodes: layout.size, tasks: ranks.perNode ?? 0 };
    report(service, 'R155', span, 'x-slurm.ntasks_per_node', { words });
    return;
  }
  const { tasks } = limits;
  if (tasks && ranks.total > tasks.value) {
    const words = { ranks: counted(ranks.total, 'task'), tasks: counted(tasks.value, 'task') };
    report(service, 'R156', span, 'x-slurm.ntasks', { words, related: [limitHere(tasks.span)] });
  }
  const expected = service.facts.expectedRanks;
  if (expected && expected.value !== ranks.total) {
    const words = { expected: expected.value, ranks: counted(ranks.total, 'task') };
    report(service, 'R160', expected.span, 'x-slurm.mpi.expected_ranks', { words });
  }
}

function limitHere(span: Span) {
  return { span, message: 'The allocation says so here.' };
}

function allocatedTasks(counts: Counts): Fact<number> | undefined {
  const { ntasks, ntasks_per_node: perNode, nodes } = counts;
  if (ntasks)
    return typeof ntasks.value === 'number' ? { value: ntasks.value, span: ntasks.span } : undefined;
  const size = nodes?.value ?? 1;
  if (typeof perNode?.value !== 'number' || size === 'broken') return undefined;
  const value = perNode.value * size;
  return value > U32_MAX ? undefined : { value, span: perNode.span };
}

const LIMITS: readonly (readonly [CountKey, string])[] = [
  ['gpus_per_node', 'GPUs per node'],
  ['gpus_per_task', 'GPUs per task'],
  ['cpus_per_task', 'CPUs per task'],
  ['cpus_per_gpu', 'CPUs per GPU'],
];

/** What the allocation has. */
interface Limits {
  readonly counts: Counts;
  readonly tasks: Fact<number> | undefined;
  readonly gpus: Fact<number> | undefined;
  readonly others: readonly {
    readonly key: CountKey;
    readonly what: string;
    readonly limit: Fact<number> | undefined;
  }[];
}

function limitsOf({ counts, gres }: RootFacts): Limits {
  const nodes = counts.nodes?.value ?? 1;
  const gpus = nodes === 'broken' ? undefined : gpusOf(counts.gpus, gres, nodes);
  const others = LIMITS.map(([key, what]) => ({ key, what, limit: numberOf(counts[key]) }));
  return { counts, tasks: allocatedTasks(counts), gpus, others: others.filter(({ limit }) => limit) };
}

/** R157. */
function checkLimits({ gpus, others }: Limits, service: Fitted, layout: Layout, report: Report): void {
  const { counts, gres } = service.facts;
  const all = { key: 'gpus', what: 'GPUs', limit: gpus };
  if (gpus) compare(service, gpusOf(counts.gpus, gres, layout.size), all, report);
  for (const other of others) if (other.limit) compare(service, numberOf(counts[other.key]), other, report);
}

function compare(
  service: Fitted,
  wanted: Fact<number> | undefined,
  { key, what, limit }: Omit<Limits['others'][number], 'key'> & { readonly key: string },
  report: Report,
): void {
  if (!wanted || !limit || wanted.value <= limit.value) return;
  const words = { value: wanted.value, what, limit: limit.value, key: `x-slurm.${key}` };
  report(service, 'R157', wanted.span, `x-slurm.${key}`, { words, related: [limitHere(limit.span)] });
}

function numberOf(fact: CountFact | undefined): Fact<number> | undefined {
  return typeof fact?.value === 'number' ? { value: fact.value, span: fact.span } : undefined;
}

function gpusOf(
  gpus: CountFact | undefined,
  gres: Fact<string> | undefined,
  nodes: number,
): Fact<number> | undefined {
  if (gpus) return numberOf(gpus);
  const perNode = gres && gpuCountOf(gres.value);
  const value = (perNode ?? 0) * nodes;
  return gres && perNode !== undefined && value <= U32_MAX ? { value, span: gres.span } : undefined;
}

interface Use {
  readonly interval: Interval;
  readonly service: Fitted;
  readonly layout: Layout;
  readonly order: number;
}

const NOTHING: readonly Use[] = [];

/** R159: sorted by first node, each service is compared with the one that reaches furthest so far. */
function checkOverlaps(services: readonly Fitted[], layouts: Layouts): Finding[] {
  const used = layouts.flatMap((layout, order) => {
    const service = services[order];
    if (!layout || layout.allowsOverlap || !service) return NOTHING;
    return layout.nodes.map((interval) => ({ interval, service, layout, order }));
  });
  used.sort((a, b) => a.interval[0] - b.interval[0] || a.order - b.order);
  const findings: Finding[] = [];
  const told = new Set<Fitted>();
  let furthest = used[0];
  for (const next of used.slice(1)) {
    if (furthest && next.interval[0] <= furthest.interval[1] && next.service !== furthest.service) {
      const [first, second] = next.order < furthest.order ? [next, furthest] : [furthest, next];
      if (!told.has(second.service)) {
        told.add(second.service);
        const both = intersectionOf(first.layout.nodes, second.layout.nodes);
        findings.push(overlapFinding(first.service, second.service, both));
      }
    }
    if (!furthest || next.interval[1] > furthest.interval[1]) furthest = next;
  }
  return findings;
}

function overlapFinding(first: Fitted, second: Fitted, nodes: readonly Interval[]): Finding {
  const words = {
    first: quoted(first.facts.name),
    second: quoted(second.facts.name),
    nodes: describeNodes(nodes),
  };
  return findingOf('R159', {
    span: movedSpan(overlapSpan(second), second.shift),
    field: `services.${second.facts.name}.x-slurm.placement`,
    service: second.facts.name,
    words,
    related: [
      {
        span: movedSpan(overlapSpan(first), first.shift),
        message: `${quoted(first.facts.name)} uses them here.`,
      },
    ],
  });
}

function overlapSpan({ facts }: Fitted): Span {
  return facts.placement ? facts.placementSpan : (facts.counts.nodes?.span ?? facts.span);
}
