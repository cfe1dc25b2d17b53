// What preflight needs to know of a loaded spec beyond its plan.
import type { PreflightInput } from '../core/preflight/preflight.ts';
import { nodeLocalRootOf, resolveHostPath } from '../spec/grammar/localPath.ts';
import { parseMount } from '../spec/grammar/mount.ts';
import { itemsOf, stringOf, valueAt, valueOf } from '../spec/node.ts';
import type { LoadedPlan } from './loadPlan.ts';

/** The input of preflight for one loaded spec. */
export function preflightInput(
  { plan, resolved }: LoadedPlan,
  env: Readonly<Record<string, string | undefined>>,
): PreflightInput {
  const absolute = (path: string) => resolveHostPath(path, plan.projectDir, env.HOME);
  const runtimeRoot = stringOf(valueAt(resolved.root, 'x-slurm', 'runtime_root'));
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
    env,
    nodeLocalRootOf,
    ...(runtimeRoot === undefined ? {} : { runtimeRoot: absolute(runtimeRoot) }),
  };
}
