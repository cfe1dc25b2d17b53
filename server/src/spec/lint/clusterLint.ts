// HPC900: what the cluster profile says against the spec. Spec contract, section 12, in its order. These findings have no field.
import { isAtOrBelow } from '../../model/paths.ts';
import type { Finding, Span } from '../../model/finding.ts';
import { asksForGpu } from '../grammar/gres.ts';
import { parseTime } from '../grammar/time.ts';
import type { ClusterProfile, Partition } from '../rules/clusterProfile.ts';
import { movedSpan, type PlacedWith, type RootFacts } from '../rules/facts.ts';
import { findingOf, quoted } from '../rules/finding.ts';
import { nearestName } from '../nearestName.ts';
import { asksForGpus } from '../rules/readFacts.ts';

/** What of a service the profile is held against. */
type Asking = PlacedWith<'counts' | 'gres' | 'memPerGpu' | 'mpiType'>;

const UP = ['up', 'idle', 'mixed'];

export function lintCluster(
  root: RootFacts,
  services: readonly Asking[],
  cacheDir: string,
  cluster: ClusterProfile,
): Finding[] {
  const place = { block: root.slurmSpan ?? root.servicesSpan, cacheDir: root.cacheDirSpan };
  return [
    ...checkBackend(root, cluster),
    ...checkPartition(root, services, cluster),
    ...checkMpi(services, cluster),
    ...checkSharedPaths(root, cacheDir, cluster, place.cacheDir ?? place.block),
  ];
}

function mismatch(span: Span, problem: string, advice?: string): Finding {
  return findingOf('HPC900', { span, words: { problem }, ...(advice === undefined ? {} : { advice }) });
}

function checkBackend(
  { backend, backendSpan, servicesSpan }: RootFacts,
  { runtimes }: ClusterProfile,
): Finding[] {
  if (backend === undefined) return [];
  const isThere = backend === 'pyxis' ? runtimes.pyxis && runtimes.enroot : runtimes[backend];
  if (isThere) return [];
  const what = backend === 'pyxis' ? 'pyxis with enroot' : backend;
  return [mismatch(backendSpan ?? servicesSpan, `The cluster profile does not list ${what} as available.`)];
}

function checkPartition(root: RootFacts, services: readonly Asking[], cluster: ClusterProfile): Finding[] {
  const wanted = root.partition;
  if (!wanted || cluster.partitions.length === 0) return [];
  const names = cluster.partitions.map(({ name }) => name);
  const partition = cluster.partitions.find(({ name }) => name === wanted.value);
  if (!partition) {
    const guess = nearestName(wanted.value, names);
    const advice = guess === undefined ? `The profile lists: ${names.join(', ')}.` : `Did you mean ${guess}?`;
    return [mismatch(wanted.span, `The cluster profile has no partition ${quoted(wanted.value)}.`, advice)];
  }
  return [
    ...checkState(wanted.span, partition),
    ...checkTime(root, partition),
    ...checkGpus(root, services, partition, wanted.span),
    ...checkConstraint(root, partition),
    ...checkQos(root, partition, cluster),
  ];
}

function checkState(span: Span, { name, state }: Partition): Finding[] {
  if (state === undefined || UP.includes(state.toLowerCase())) return [];
  return [mismatch(span, `The partition ${quoted(name)} is ${quoted(state)} in the cluster profile.`)];
}

function checkTime({ time }: RootFacts, { name, maxTime }: Partition): Finding[] {
  const most = maxTime === undefined ? undefined : parseTime(maxTime);
  if (!time || !most?.ok || time.value <= most.value) return [];
  return [
    mismatch(time.span, `The time is longer than the partition ${quoted(name)} allows (${maxTime ?? ''}).`),
  ];
}

function checkGpus(
  root: RootFacts,
  services: readonly Asking[],
  partition: Partition,
  span: Span,
): Finding[] {
  const asking = services.find(({ facts }) => asksForGpus(facts));
  if (asksForGpu(partition.gres ?? '') || (!asksForGpus(root) && !asking)) return [];
  const related = asking
    ? [{ span: movedSpan(asking.facts.span, asking.shift), message: 'This service asks for GPUs.' }]
    : [];
  const problem = `The partition ${quoted(partition.name)} has no GPUs in the cluster profile, but the spec asks for some.`;
  return [findingOf('HPC900', { span, words: { problem }, related })];
}

function checkConstraint({ constraint }: RootFacts, { name, features }: Partition): Finding[] {
  if (!constraint) return [];
  const groups = constraint.value
    .split('&')
    .map((group) =>
      group
        .split('|')
        .map(stripped)
        .filter((part) => part !== ''),
    )
    .filter((group) => group.length > 0);
  const missing = groups.find((group) => !group.some((part) => features.includes(part)));
  if (!missing) return [];
  return [
    mismatch(
      constraint.span,
      `The partition ${quoted(name)} has no feature ${missing.map(quoted).join(' or ')}.`,
    ),
  ];
}

function stripped(token: string): string {
  return token.replace(/^[^A-Za-z0-9_-]+/, '').replace(/[^A-Za-z0-9_-]+$/, '');
}

function checkQos({ qos }: RootFacts, partition: Partition, cluster: ClusterProfile): Finding[] {
  if (!qos || cluster.qos.length === 0 || cluster.qos.includes(qos.value)) return [];
  if (partition.qos.includes('ALL') || partition.qos.includes(qos.value)) return [];
  return [mismatch(qos.span, `The cluster profile has no QOS ${quoted(qos.value)}.`)];
}

function checkMpi(services: readonly Asking[], { mpiTypes }: ClusterProfile): Finding[] {
  if (mpiTypes.length === 0) return [];
  return services.flatMap(({ facts, shift }) => {
    if (!facts.mpiType || mpiTypes.includes(facts.mpiType.value)) return [];
    const problem = `The cluster profile has no MPI type ${quoted(facts.mpiType.value)}.`;
    return [
      mismatch(movedSpan(facts.mpiType.span, shift), problem, `The profile lists: ${mpiTypes.join(', ')}.`),
    ];
  });
}

function checkSharedPaths(
  { scratch }: RootFacts,
  cacheDir: string,
  cluster: ClusterProfile,
  span: Span,
): Finding[] {
  const shared = cluster.sharedPaths.filter((path) => path !== '');
  if (cluster.sharedPaths.length === 0) return [];
  const isShared = (path: string) => shared.some((root) => isAtOrBelow(path, root));
  const advice = `Shared paths in the profile: ${shared.join(', ')}.`;
  const findings: Finding[] = [];
  if (!isShared(cacheDir))
    findings.push(
      mismatch(
        span,
        `The cache directory ${cacheDir} is below no shared path of the cluster profile.`,
        advice,
      ),
    );
  if (scratch?.shared && scratch.base && !isShared(scratch.base.value)) {
    const problem = `The scratch directory ${scratch.base.value} is called shared, but is below no shared path of the cluster profile.`;
    findings.push(mismatch(scratch.base.span, problem, advice));
  }
  return findings;
}
