// What a resolved spec asks of the nodes where its job runs, for preflight.
import type { JobNeeds, MetricsTool } from '../core/preflight/check.ts';
import { isNull, itemsOf, stringOf, valueAt, valueOf, type MapNode, type SpecNode } from '../spec/node.ts';

/** Reads it from the root of a resolved spec. */
export function jobNeedsOf(root: MapNode | undefined): JobNeeds {
  const services = valueOf(root, 'services');
  const all = services?.kind === 'map' ? services.pairs : [];
  const scopes: readonly Scope[] = [
    { of: 'the spec', node: root },
    ...all.map(({ key, value }) => ({ of: `service '${String(key.value)}'`, node: value })),
  ];
  const resume = stringOf(valueAt(root, 'x-slurm', 'resume', 'path'));
  return {
    ...(resume === undefined ? {} : { resume }),
    asksHttp: all.some(({ value }) => stringOf(valueAt(value, 'readiness', 'type')) === 'http'),
    metrics: metricsOf(valueAt(root, 'x-slurm', 'metrics')),
    loadsModules: scopes.some(({ node }) => loadsModules(node)),
    spackViews: scopes.flatMap(({ of, node }) => {
      const path = stringOf(valueAt(node, 'x-env', 'spack', 'view'));
      return path === undefined ? [] : [{ of, path }];
    }),
  };
}

interface Scope {
  readonly of: string;
  readonly node: SpecNode | undefined;
}

const METRICS_TOOLS: Readonly<Record<string, MetricsTool>> = { gpu: 'nvidia-smi', slurm: 'sstat' };

/** All collectors unless some are chosen; none where metrics are off. */
function metricsOf(metrics: SpecNode | undefined): MetricsTool[] {
  if (isNull(metrics) || isScalar(valueOf(metrics, 'enabled'), false)) return [];
  const chosen = itemsOf(valueOf(metrics, 'collectors')).map((item) => stringOf(item) ?? '');
  const collectors = chosen.length > 0 ? chosen : Object.keys(METRICS_TOOLS);
  return collectors.flatMap((name) => METRICS_TOOLS[name] ?? []);
}

/** In the short form beside x-env, as a list, or with `load` and `purge`. */
function loadsModules(scope: SpecNode | undefined): boolean {
  const modules = valueAt(scope, 'x-env', 'modules') ?? valueOf(scope, 'modules');
  const loaded = modules?.kind === 'seq' ? modules : valueOf(modules, 'load');
  return itemsOf(loaded).length > 0 || isScalar(valueOf(modules, 'purge'), true);
}

function isScalar(node: SpecNode | undefined, value: boolean): boolean {
  return node?.kind === 'scalar' && node.value === value;
}
