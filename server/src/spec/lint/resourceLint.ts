// HPC002, HPC008, HPC009: amounts of memory and numbers of tasks that are hardly meant.
import type { Finding, FindingFix } from '../../model/finding.ts';
import { describeBytes, isBareNumber, parseMemory } from '../grammar/memory.ts';
import { trim, U32_MAX } from '../grammar/text.ts';
import { movedSpan, type Counts, type Fact, type Placed, type RootFacts } from '../rules/facts.ts';
import { counted, findingOf, quoted } from '../rules/finding.ts';

const LOWEST_PER_CPU = 512 * 1024 ** 2;
const HIGHEST_PER_CPU = 512 * 1024 ** 3;

export function lintMemory({ mem, counts }: RootFacts): Finding[] {
  const bytes = parseMemory(mem?.value ?? '');
  const cpus = cpusOf(counts);
  if (!mem || bytes === undefined || cpus === undefined) return [];
  const each = Math.floor(bytes / cpus);
  if (each >= LOWEST_PER_CPU && each <= HIGHEST_PER_CPU) return [];
  const words = {
    memory: quoted(mem.value),
    cpus: counted(cpus, 'CPU'),
    each: describeBytes(each),
    how: each < LOWEST_PER_CPU ? 'little' : 'much',
  };
  return [findingOf('HPC002', { span: mem.span, field: 'x-slurm.mem', words })];
}

function cpusOf({
  nodes,
  ntasks,
  ntasks_per_node: perNode,
  cpus_per_task: cpus,
}: Counts): number | undefined {
  const numbers = [nodes, ntasks, perNode, cpus].map((fact) => fact?.value);
  if (numbers.includes('broken')) return undefined;
  const [nodeCount = 1, taskCount, tasksPerNode, cpusPerTask = 1] = numbers as (number | undefined)[];
  const tasks =
    taskCount ?? Math.min(U32_MAX, (tasksPerNode ?? 1) * (tasksPerNode === undefined ? 1 : nodeCount));
  return Math.min(U32_MAX, tasks * cpusPerTask);
}

export function lintGeometry({ counts }: RootFacts): Finding[] {
  return geometryOf(counts, 0, 'x-slurm', undefined);
}

export function lintServiceGeometry({ facts, shift }: Placed): Finding[] {
  return geometryOf(facts.counts, shift, `services.${facts.name}.x-slurm`, facts.name);
}

function geometryOf(counts: Counts, shift: number, field: string, service: string | undefined): Finding[] {
  const { nodes, ntasks, ntasks_per_node: perNode } = counts;
  const [a, b, c] = [nodes?.value, ntasks?.value, perNode?.value];
  if (typeof a !== 'number' || typeof b !== 'number' || typeof c !== 'number' || !ntasks || a * c === b)
    return [];
  const words = { nodes: a, perNode: c, product: a * c, tasks: b };
  const span = movedSpan(ntasks.span, shift);
  const fixes: FindingFix[] =
    a * c <= U32_MAX ? [{ title: `Change ntasks to ${a * c}`, edits: [{ span, newText: `${a * c}` }] }] : [];
  return [findingOf('HPC008', { span, field, words, fixes, ...(service === undefined ? {} : { service }) })];
}

export function lintMemoryUnits({ mem, memPerGpu }: RootFacts): Finding[] {
  return [
    ...unitOf(mem, 0, 'x-slurm.mem', undefined),
    ...unitOf(memPerGpu, 0, 'x-slurm.mem_per_gpu', undefined),
  ];
}

export function lintServiceUnits({ facts, shift }: Placed): Finding[] {
  return unitOf(facts.memPerGpu, shift, `services.${facts.name}.x-slurm.mem_per_gpu`, facts.name);
}

function unitOf(
  fact: Fact<string> | undefined,
  shift: number,
  field: string,
  service: string | undefined,
): Finding[] {
  if (!fact || !isBareNumber(fact.value)) return [];
  const span = movedSpan(fact.span, shift);
  const value = trim(fact.value);
  const withUnit = (unit: string, keeps: boolean): FindingFix => ({
    title: `Write ${value}${unit}`,
    edits: [{ span, newText: `"${value}${unit}"` }],
    ...(keeps ? { preservesMeaning: true, preferred: true } : {}),
  });
  const fixes = fact.interpolated ? [] : [withUnit('M', !value.includes('.')), withUnit('G', false)];
  return [
    findingOf('HPC009', {
      span,
      field,
      words: { value },
      fixes,
      ...(service === undefined ? {} : { service }),
    }),
  ];
}
