// What the shell door needs of an analysis beyond its findings: the job's name, the order of services, lint findings in the
// order of the contract, and no secret in any text.
import type { Finding } from '../model/finding.ts';
import { analyse, type Surroundings } from './analyse.ts';
import { stringOf, valueAt, valueOf, type MapNode } from './node.ts';
import { maskFindings } from './maskFindings.ts';
import type { ResolvedSpec } from './resolve.ts';
import { startOrder, type Linked } from './rules/dependencies.ts';
import { readDependencies } from './rules/dependsOn.ts';
import { compareNames } from './rules/facts.ts';
import { servicesOf } from './rules/ruleBook.ts';

export interface Judgement {
  readonly valid: boolean;
  /** Everything, in document order; secrets masked. */
  readonly findings: readonly Finding[];
  /** Lint findings alone, in the order of the contract. */
  readonly lint: readonly Finding[];
  /** Name of the job. */
  readonly name: string;
  /** In start order. */
  readonly services: readonly string[];
  readonly resolved: ResolvedSpec | undefined;
}

/** Judges one text for people and scripts. */
export function judgeSpec(text: string, around: Surroundings): Judgement {
  const { findings, valid, resolved } = analyse(text, around);
  const masked = maskFindings(findings, resolved?.secretValues);
  const services = inStartOrder(resolved?.root);
  return {
    valid,
    findings: masked,
    lint: inContractOrder(masked, services),
    name: jobNameOf(resolved?.root),
    services,
    resolved,
  };
}

function jobNameOf(root: MapNode | undefined): string {
  return stringOf(valueAt(root, 'x-slurm', 'job_name')) ?? stringOf(valueOf(root, 'name')) ?? 'hpc-compose';
}

/** Dependencies first, ties by name; by name alone when there is a ring. */
function inStartOrder(root: MapNode | undefined): readonly string[] {
  const linked = (root ? servicesOf(root) : []).map(({ key, value }): Linked => {
    const dependencies = readDependencies({ node: value, field: '' }, () => undefined);
    return { facts: { name: String(key.value), dependencies } };
  });
  const sorted = linked.toSorted((a, b) => compareNames(a.facts.name, b.facts.name));
  return startOrder(sorted) ?? sorted.map(({ facts }) => facts.name);
}

/** HPC006 is looked for right after HPC001, HPC008 and HPC009 after HPC002. Spec contract, section 9.8. */
const CONTRACT_ORDER = [
  'HPC001',
  'HPC006',
  'HPC002',
  'HPC008',
  'HPC009',
  'HPC003',
  'HPC004',
  'HPC005',
  'HPC007',
  'HPC900',
];

/** By rule; inside a rule the job first, then services in start order. */
function inContractOrder(findings: readonly Finding[], services: readonly string[]): Finding[] {
  const places = new Map(services.map((name, index) => [name, index]));
  const rank = (finding: Finding) => CONTRACT_ORDER.indexOf(finding.code);
  const place = ({ service }: Finding) =>
    service === undefined ? -1 : (places.get(service) ?? services.length);
  return findings
    .filter(({ code }) => CONTRACT_ORDER.includes(code))
    .toSorted((a, b) => rank(a) - rank(b) || place(a) - place(b));
}
