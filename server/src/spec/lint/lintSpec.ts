// The lint rules HPC001-HPC009 and HPC900 over the facts of a spec, in the order of the contract (section 9.8): by rule, inside
// a rule services in the order in which they start.
import type { Finding } from '../../model/finding.ts';
import type { Together } from '../checkTogether.ts';
import { NOTHING_KEPT, type Kept } from '../kept.ts';
import type { ClusterProfile } from '../rules/clusterProfile.ts';
import { startOrder } from '../rules/dependencies.ts';
import type { Placed, PlacedWith } from '../rules/facts.ts';
import { lintCluster } from './clusterLint.ts';
import { lintImplicitConditions, lintReadiness } from './dependencyLint.ts';
import { lintImage } from './imageLint.ts';
import {
  lintGeometry,
  lintMemory,
  lintMemoryUnits,
  lintServiceGeometry,
  lintServiceUnits,
} from './resourceLint.ts';
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

/** All lint findings. `kept` keeps those of services that are looked at alone. */
export function lintSpec(facts: Together, context: LintContext, kept: Kept = NOTHING_KEPT): Finding[] {
  const { root, services, check, checkEdges } = facts;
  const { cluster, cacheDir, projectDir, home, hasExtends } = context;
  const each = kept.each('lint alone', services, [projectDir, home], (placed) => lintAlone(placed, context));
  const alone = kept.found('lint told', each, (found) => found);
  const shared = cluster?.sharedPaths;
  const sorted = (findings: readonly Finding[]) => inStartOrder(findings, facts);
  return [
    ...sorted(checkEdges('lint readiness', ['readiness'], lintReadiness)),
    ...sorted(
      checkEdges('lint conditions', [], (some, graph) => lintImplicitConditions(some, graph, hasExtends), [
        hasExtends,
      ]),
    ),
    ...lintMemory(root),
    ...lintGeometry(root),
    ...alone.flatMap(({ geometry }) => geometry),
    ...lintMemoryUnits(root),
    ...alone.flatMap(({ units }) => units),
    ...sorted(
      check(
        'lint writes',
        ['ignored', 'mounts', 'usesScratch'],
        (job, all) => lintIgnoredWrites(job, all, context),
        [projectDir, home, shared],
        'ignored',
      ),
    ),
    ...context.cacheDirFindings(),
    ...sorted(alone.flatMap(({ volumes }) => volumes)),
    ...sorted(alone.flatMap(({ images }) => images)),
    ...(cluster
      ? check(
          'lint cluster',
          ['counts', 'gres', 'memPerGpu', 'mpiType', 'dependencies'],
          (job, _all, byName) => lintCluster(job, inOrder(byName()), cacheDir, cluster),
          [cacheDir, cluster],
        )
      : []),
  ];
}

/** What is found in one service without a look at others; undefined where that is nothing. */
function lintAlone(placed: Placed, context: LintContext) {
  const found = {
    geometry: lintServiceGeometry(placed),
    units: lintServiceUnits(placed),
    volumes: lintLocalVolumes(placed, context),
    images: lintImage(placed),
  };
  return Object.values(found).some(({ length }) => length > 0) ? found : undefined;
}

/** Findings of services in the order in which these start; those of one service stay as they are. */
function inStartOrder(findings: readonly Finding[], { make }: Together): readonly Finding[] {
  if (findings.length < 2) return findings;
  const places = make(
    'start order',
    ['dependencies'],
    (byName) => new Map(inOrder(byName).map(({ facts }, index) => [facts.name, index])),
  );
  const placeOf = ({ service = '' }: Finding) => places.get(service) ?? 0;
  return findings.toSorted((a, b) => placeOf(a) - placeOf(b));
}

/** Dependencies first, ties by name; by name alone when there is a ring. */
function inOrder<S extends PlacedWith<'dependencies'>>(byName: readonly S[]): readonly S[] {
  const order = startOrder(byName);
  if (!order) return byName;
  const known = new Map(byName.map((service) => [service.facts.name, service]));
  return order.flatMap((name) => known.get(name) ?? []);
}
