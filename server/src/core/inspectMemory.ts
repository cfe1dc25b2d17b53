// What looks at plans found last, given again while the plan is the very same one and so is what the disk says of each of its
// images: the same value, so that whoever made something of it need not do so again. For a server.
import type { CachePlan, ServicePlan } from '../model/plan.ts';
import type { Commitment } from './commitment.ts';
import { createCommitmentMemory, type Judge } from './commitmentMemory.ts';
import type { InspectOptions } from './inspect.ts';
import { inspectWithSizes, type SizedInspection } from './inspectSizes.ts';
import { createBytesReader } from './manifestFile.ts';
import type { Ports } from './ports.ts';
import { restEvery } from './restEvery.ts';

/** inspectWithSizes, or something that answers as it does. */
export type InspectWithSizes = (
  plan: CachePlan,
  ports: Pick<Ports, 'now'>,
  options?: Omit<InspectOptions, 'judge' | 'service'>,
) => Promise<SizedInspection>;

interface Remembered {
  readonly plan: CachePlan;
  readonly commitments: Commitments;
  readonly found: SizedInspection;
}

/** By the image's path. */
type Commitments = ReadonlyMap<string, Commitment>;

/** inspectWithSizes with a memory. Only for local file systems, as createCommitmentMemory. */
export function createInspectMemory(judge: Judge = createCommitmentMemory()): InspectWithSizes {
  const known = new WeakMap<readonly ServicePlan[], Remembered>();
  return async (plan, ports, options = {}) => {
    if (!plan.services.every(isToldByImages))
      return await inspectWithSizes(plan, ports, { ...options, judge });
    const commitments = await judgeAll(plan, judge, options.signal);
    const last = known.get(plan.services);
    if (last && isSamePlan(last.plan, plan) && isSame(last.commitments, commitments)) return last.found;
    const judged: Judge = (artifact, bytes) => commitments.get(artifact.path) ?? judge(artifact, bytes);
    const found = await inspectWithSizes(plan, ports, { ...options, judge: judged });
    known.set(plan.services, { plan, commitments, found });
    return found;
  };
}

/** False for a service that starts from an image of its own on the disk, of which no manifest tells. */
function isToldByImages({ source, prepared, base }: ServicePlan): boolean {
  return source.kind === 'host' || (prepared ?? base) !== undefined;
}

async function judgeAll(plan: CachePlan, judge: Judge, signal?: AbortSignal): Promise<Commitments> {
  const commitments = new Map<string, Commitment>();
  const bytes = createBytesReader();
  const rest = restEvery();
  for (const { base, prepared } of plan.services) {
    for (const artifact of [base, prepared])
      if (artifact && !commitments.has(artifact.path)) commitments.set(artifact.path, judge(artifact, bytes));
    if (rest.isDue()) await rest.take(signal);
  }
  return commitments;
}

function isSamePlan(last: CachePlan, { cacheDir, secretValues }: CachePlan): boolean {
  return last.cacheDir.path === cacheDir.path && last.secretValues === secretValues;
}

/** A judge that remembers gives the very same value for a hit that did not change; anything else is a new one. */
function isSame(last: Commitments, now: Commitments): boolean {
  return last.size === now.size && [...now].every(([path, commitment]) => last.get(path) === commitment);
}
