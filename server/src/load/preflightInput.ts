// What preflight needs to know of a loaded spec beyond its plan.
import type { PreflightInput } from '../core/preflight/check.ts';
import { nodeLocalRootOf, resolveHostPath } from '../spec/grammar/localPath.ts';
import { parseMount } from '../spec/grammar/mount.ts';
import type { ProbeTarget } from '../core/preflight/sharedProbe.ts';
import { itemsOf, stringOf, valueAt, valueOf, type MapNode } from '../spec/node.ts';
import { jobNeedsOf } from './jobNeeds.ts';
import type { LoadedPlan } from './loadPlan.ts';

/** The input of preflight for one loaded spec. */
export function preflightInput(
  { plan, resolved }: LoadedPlan,
  env: Readonly<Record<string, string | undefined>>,
  isEditor: boolean,
): PreflightInput {
  const absolute = (path: string) => resolveHostPath(path, plan.projectDir, env.HOME);
  const given = stringOf(valueAt(resolved.root, 'x-slurm', 'runtime_root'));
  const runtimeRoot = given === undefined ? undefined : absolute(given);
  const services = valueOf(resolved.root, 'services');
  const volumes = (services?.kind === 'map' ? services.pairs : []).flatMap(({ key, value }) =>
    itemsOf(valueOf(value, 'volumes')).flatMap((item) => {
      const mount = parseMount(stringOf(item) ?? '');
      return mount.ok ? [{ service: String(key.value), host: absolute(mount.value.host) }] : [];
    }),
  );
  return {
    plan,
    volumes,
    needs: jobNeedsOf(resolved.root),
    nodes: nodesOf(resolved.root),
    env,
    isEditor,
    nodeLocalRootOf,
    sharedPaths: sharedPathsOf(plan.cacheDir.path, runtimeRoot, resolved.root),
    ...(runtimeRoot === undefined ? {} : { runtimeRoot }),
  };
}

function nodesOf(root: MapNode | undefined): number {
  const nodes = valueAt(root, 'x-slurm', 'nodes');
  return nodes?.kind === 'scalar' && typeof nodes.value === 'number' ? nodes.value : 1;
}

/** Cache, runtime root, resume directory and shared scratch, each once. */
function sharedPathsOf(
  cacheDir: string,
  runtimeRoot: string | undefined,
  root: MapNode | undefined,
): ProbeTarget[] {
  const slurm = (...keys: string[]) => stringOf(valueAt(root, 'x-slurm', ...keys));
  const scratch = slurm('scratch', 'scope') === 'shared' ? slurm('scratch', 'base') : undefined;
  const all = [
    ['cache directory', cacheDir],
    ['runtime root', runtimeRoot],
    ['resume directory', slurm('resume', 'path')],
    ['shared scratch', scratch],
  ] as const;
  const seen = new Set<string>();
  return all.flatMap(([what, path]) => {
    if (path === undefined || seen.has(path)) return [];
    seen.add(path);
    return [{ what, path }];
  });
}
