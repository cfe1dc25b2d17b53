// What a plan finds in its cache, with the sizes of its images: in the thread that asks, or in a worker.
import type { InspectResult } from '../model/cache.ts';
import type { CachePlan } from '../model/plan.ts';
import { fileBytes, lstatOrNothing } from './diskUsage.ts';
import { inspectPlan, type InspectOptions } from './inspect.ts';
import type { Ports } from './ports.ts';

export interface SizedInspection {
  readonly inspected: InspectResult;
  /** Bytes on disk of the images that are there, by path. */
  readonly sizes: ReadonlyMap<string, number>;
}

/** inspectPlan, and the sizes. Throws the reason of the signal. */
export async function inspectWithSizes(
  plan: CachePlan,
  ports: Pick<Ports, 'now'>,
  options: InspectOptions = {},
): Promise<SizedInspection> {
  const inspected = await inspectPlan(plan, ports, options);
  const images = inspected.services
    .map(({ runtime_artifact }) => runtime_artifact)
    .filter(({ artifact_present }) => artifact_present);
  return { inspected, sizes: new Map(images.map(({ path }) => [path, fileBytes(lstatOrNothing(path))])) };
}
