// The lint rules HPC001-HPC009 and HPC900 over the facts of a spec, in the order of the contract (section 9.8): by rule, inside
// a rule services in the order in which they start.
import type { Finding } from '../../model/finding.ts';
import { runAlways, type RunGroup } from '../checkTogether.ts';
import { NOTHING_KEPT, type Kept } from '../kept.ts';
import type { ClusterProfile } from '../rules/clusterProfile.ts';
import { startOrder } from '../rules/dependencies.ts';
import type { Placed, RootFacts } from '../rules/facts.ts';
import { sortServices } from '../rules/checkAll.ts';
import { lintCluster } from './clusterLint.ts';
import { lintImplicitConditions, lintReadiness } from './dependencyLint.ts';
import { lintImage } from './imageLint.ts';
import { lintGeometry, lintMemory, lintMemoryUnits } from './resourceLint.ts';
import { lintIgnoredWrites, lintLocalVolumes } from './storageLint.ts';

export interface LintContext {
  /** Directory that relative host paths of the spec start from. */
  readonly projectDir: string;
  readonly home: string | undefined;
  /** Effective cache directory, normalised. */
  readonly cacheDir: string;
  /** HPC004 findings, made by checkCacheDir: they need the tree. */
  readonly cacheDirFindings: () => readonly Finding[];
  readonly cluster?: ClusterProfile;
  /** True when a service starts from another one: then a list of dependencies cannot be rewritten alone. */
  readonly hasExtends: boolean;
}

/** All lint findings. Services in any order. `run` leaves out groups of rules whose facts say nothing new, `kept` services. */
export function lintSpec(
  root: RootFacts,
  services: readonly Placed[],
  context: LintContext,
  run: RunGroup = runAlways(root),
  kept: Kept = NOTHING_KEPT,
): Finding[] {
  let known: readonly Placed[] | undefined;
  const ordered = () => (known ??= inStartOrder(services));
  const { cluster, cacheDir, projectDir, home } = context;
  return [
    ...run('lint readiness', () => lintReadiness(ordered())),
    ...run('lint conditions', () => lintImplicitConditions(ordered(), context.hasExtends)),
    ...run('lint memory', (facts) => lintMemory(facts)),
    ...run('lint geometry', (facts) => lintGeometry(facts, services)),
    ...run('lint units', (facts) => lintMemoryUnits(facts, services)),
    ...run('lint writes', (facts) => lintIgnoredWrites(facts, ordered(), context)),
    // These look at the tree, not at facts: they are made anew each time.
    ...context.cacheDirFindings(),
    ...run('lint volumes', () =>
      kept
        .each('volumes', ordered(), [projectDir, home], (placed) => lintLocalVolumes(placed, context))
        .flat(),
    ),
    ...run('lint images', () => kept.each('images', ordered(), [], lintImage).flat()),
    ...(cluster ? run('lint cluster', (facts) => lintCluster(facts, ordered(), cacheDir, cluster)) : []),
  ];
}

/** Dependencies first, ties by name; by name alone when there is a ring. */
export function inStartOrder(services: readonly Placed[]): readonly Placed[] {
  const sorted = sortServices(services);
  const order = startOrder(sorted);
  if (!order) return sorted;
  const byName = new Map(sorted.map((service) => [service.facts.name, service]));
  return order.flatMap((name) => byName.get(name) ?? []);
}
