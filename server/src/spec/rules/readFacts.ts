// Reads the facts of blocks: what other blocks and the global rules need to know.
import type { Span } from '../../model/finding.ts';
import { asksForGpu } from '../grammar/gres.ts';
import { parseTime } from '../grammar/time.ts';
import type { MapNode } from '../node.ts';
import type { RuleContext, Backend } from './check.ts';
import { readDependencies } from './dependsOn.ts';
import type { CountFact, CountKey, Fact, RootFacts, ServiceFacts } from './facts.ts';
import { ignoredSpan } from './failurePolicy.ts';
import { readRemoteImage } from './image.ts';
import { readMounts } from './mounts.ts';
import {
  below,
  count,
  flag,
  items,
  keySpan,
  text,
  under,
  valueSpan,
  word,
  type Entry,
  type Place,
} from './place.ts';
import { readPlacement } from './placementValues.ts';
import { readReadiness } from './readiness.ts';
import { readCachesInEachOther, readInheritedCache, wishesCache } from './rootfsCache.ts';
import { COUNT_KEYS } from './slurmBlock.ts';

const BACKENDS: readonly Backend[] = ['pyxis', 'apptainer', 'singularity', 'host'];

/** The backend of a spec by its block `runtime`; undefined when what is written is no backend. */
export function readBackend(root: MapNode): Backend | undefined {
  const backend = below({ node: root, field: '' }, 'runtime', 'backend');
  return backend ? BACKENDS.find((known) => known === word(backend)) : 'pyxis';
}

/** Facts of one service. `entry` is its block in the merged and interpolated tree. */
export function readServiceFacts(entry: Entry, context: RuleContext): ServiceFacts {
  const slurm = under(entry, 'x-slurm');
  const placement = under(slurm, 'placement');
  const mpi = under(slurm, 'mpi');
  const ranks = under(mpi, 'expected_ranks');
  return {
    name: entry.name,
    span: entry.key.span,
    dependencies: readDependencies(entry, context.textOf),
    counts: readCounts(slurm),
    placementSpan: placement ? keySpan(placement) : entry.key.span,
    mounts: readMounts(entry),
    usesScratch: flag(below(slurm, 'scratch', 'enabled')) !== false,
    ...given('ignored', ignoredSpan(under(slurm, 'failure_policy'))),
    ...given('readiness', readReadiness(entry)),
    ...given('gres', textFact(under(slurm, 'gres'))),
    ...given('memPerGpu', textFact(under(slurm, 'mem_per_gpu'))),
    ...given('timeLimit', timeFact(under(slurm, 'time_limit'))),
    ...given('placement', readPlacement(placement, context.textOf)),
    ...given('mpiType', textFact(under(mpi, 'type'))),
    ...given('expectedRanks', numberFact(ranks)),
    ...given('image', readRemoteImage(entry, context.backend)),
    ...given('registers', textFact(below(slurm, 'rendezvous', 'register', 'name'))),
    ...(under(entry, 'image') ? {} : { imageless: true as const }),
    ...(wishesCache(entry, context) ? { cached: true as const } : {}),
  };
}

/** Facts of all root blocks but the services. `slurm` is `x-slurm` with its resource profile filled in. */
export function readRootFacts(root: MapNode, slurm: Place | undefined, context: RuleContext): RootFacts {
  const top: Place = { node: root, field: '' };
  const services = root.pairs.find(({ key }) => key.value === 'services' || key.value === 'steps');
  const scratch = under(slurm, 'scratch');
  const scope = under(scratch, 'scope');
  const block = under(top, 'x-slurm');
  return {
    servicesSpan: services?.key.span ?? root.span,
    backend: context.backend,
    counts: readCounts(slurm),
    discovers: readDiscovers(slurm),
    ...given('cacheForAll', readInheritedCache(top)),
    ...given('nestedCaches', readCachesInEachOther(under(slurm, 'cache_dir'), context)),
    ...given('slurmSpan', block && keySpan(block)),
    ...given('cacheDirSpan', spanOf(under(slurm, 'cache_dir'))),
    ...given('backendSpan', spanOf(below(top, 'runtime', 'backend'))),
    ...given('gres', textFact(under(slurm, 'gres'))),
    ...given('mem', textFact(under(slurm, 'mem'))),
    ...given('memPerGpu', textFact(under(slurm, 'mem_per_gpu'))),
    ...given('partition', textFact(under(slurm, 'partition'))),
    ...given('qos', textFact(under(slurm, 'qos'))),
    ...given('constraint', textFact(under(slurm, 'constraint'))),
    ...given('time', timeFact(under(slurm, 'time'))),
    ...given(
      'scratch',
      scratch && {
        shared: word(scope) === 'shared',
        span: keySpan(scratch),
        ...given('base', textFact(under(scratch, 'base'))),
      },
    ),
  };
}

function given<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>);
}

function spanOf(place: Place | undefined): Span | undefined {
  return place && valueSpan(place);
}

function readCounts(slurm: Place | undefined): Partial<Record<CountKey, CountFact>> {
  const counts: Partial<Record<CountKey, CountFact>> = {};
  for (const key of COUNT_KEYS) {
    const place = under(slurm, key);
    const value = count(place);
    if (place)
      counts[key] = { value: value === undefined || value === 0 ? 'broken' : value, span: valueSpan(place) };
  }
  return counts;
}

function textFact(place: Place | undefined): Fact<string> | undefined {
  const value = text(place);
  if (place?.node.kind !== 'scalar' || value === undefined) return undefined;
  const interpolated = place.node.raw !== undefined;
  return { value, span: valueSpan(place), ...(interpolated ? { interpolated } : {}) };
}

function numberFact(place: Place | undefined): Fact<number> | undefined {
  const value = count(place);
  return place && value ? { value, span: valueSpan(place) } : undefined;
}

function timeFact(place: Place | undefined): Fact<number> | undefined {
  const value = text(place);
  const time = value === undefined ? undefined : parseTime(value);
  return place && time?.ok ? { value: time.value, span: valueSpan(place) } : undefined;
}

function readDiscovers(slurm: Place | undefined): Fact<string>[] {
  const client = under(slurm, 'rendezvous');
  const names = client?.node.kind === 'map' ? under(client, 'discover') : client;
  const list = names?.node.kind === 'seq' ? items(names) : names ? [names] : [];
  return list.flatMap((item) => textFact(item) ?? []);
}

/** True when a service or the allocation asks for GPUs in any way. Spec contract, section 12. */
export function asksForGpus(facts: Pick<RootFacts, 'counts' | 'gres' | 'memPerGpu'>): boolean {
  const keys: readonly CountKey[] = ['gpus', 'gpus_per_node', 'gpus_per_task', 'cpus_per_gpu'];
  const counts = keys.some((key) => typeof facts.counts[key]?.value === 'number');
  return counts || facts.memPerGpu !== undefined || asksForGpu(facts.gres?.value ?? '');
}
