// What a plan finds in its cache, with the sizes of its images: in the thread that asks, or in a worker.
import type { InspectResult } from '../model/cache.ts';
import type { CachePlan } from '../model/plan.ts';
import { commitmentOf } from './commitment.ts';
import type { Judge } from './commitmentMemory.ts';
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
  const sizes = new Map<string, number>();
  const judge: Judge = (artifact, bytes) => {
    const commitment = (options.judge ?? commitmentOf)(artifact, bytes);
    if (commitment.committed) sizes.set(artifact.path, commitment.bytes);
    return commitment;
  };
  const inspected = await inspectPlan(plan, ports, { ...options, judge });
  for (const { runtime_artifact: image } of inspected.services)
    if (image.artifact_present && !sizes.has(image.path))
      sizes.set(image.path, fileBytes(lstatOrNothing(image.path)));
  return { inspected, sizes };
}
