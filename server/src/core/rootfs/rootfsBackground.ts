// Lists and plans of the rootfs cache without blocking the thread that asks, however many entries there are.
import type { RootfsGcPlan, RootfsList } from '../../model/rootfs.ts';
import { RootfsFailure } from '../../model/rootfs.ts';
import { ask } from '../background.ts';
import { listRootfs } from './listRootfs.ts';
import { planGc, type GcRequest } from './planGc.ts';
import type { RootfsPorts } from './rootfsPorts.ts';
import type { PortsSeed, RootfsTrouble } from './rootfsTask.ts';
import type { RootfsSettings } from './settings.ts';

/** A list whose entries may be the first ones only. */
export interface PartialList {
  readonly list: RootfsList;
  /** Entries beyond those. */
  readonly hidden: number;
}

/** listRootfs in a worker, with `most` entries at most. Throws as listRootfs, and the signal's reason. */
export async function listInBackground(
  settings: RootfsSettings,
  base: string,
  most: number,
  ports: RootfsPorts,
  signal?: AbortSignal,
): Promise<PartialList> {
  const answer = await ask('rootfs-list', { settings, base, most, seed: seedOf(ports) }, signal);
  if (!answer) {
    const list = await listRootfs(settings, base, ports, signal);
    const entries = list.entries.slice(0, most);
    return { list: { ...list, entries }, hidden: list.entries.length - entries.length };
  }
  const { total, ...rest } = withoutTrouble(answer.rest);
  const entries = answer.pieces.flat();
  return { list: { ...rest, entries }, hidden: total - entries.length };
}

/** planGc in a worker. Throws as planGc, and the signal's reason. */
export async function planInBackground(
  request: GcRequest,
  ports: RootfsPorts,
  signal?: AbortSignal,
): Promise<RootfsGcPlan> {
  const answer = await ask('rootfs-plan', { request, seed: seedOf(ports) }, signal);
  if (!answer) return await planGc(request, ports, signal);
  const rest = withoutTrouble(answer.rest);
  const lists: Pick<RootfsGcPlan, 'would_evict' | 'in_use' | 'skipped'> = {
    would_evict: answer.pieces.flatMap((piece) => ('would_evict' in piece ? piece.would_evict : [])),
    in_use: answer.pieces.flatMap((piece) => ('in_use' in piece ? piece.in_use : [])),
    skipped: answer.pieces.flatMap((piece) => ('skipped' in piece ? piece.skipped : [])),
  };
  return { ...rest, ...lists };
}

/** What can be cloned of the ports. */
function seedOf({ uid, host, version, self, env }: RootfsPorts): PortsSeed {
  return { uid, host, version, env: { ...env }, ...(self ? { self } : {}) };
}

function withoutTrouble<T extends object>(rest: T | RootfsTrouble): T {
  if ('trouble' in rest) throw new RootfsFailure(rest.trouble, rest.data);
  return rest;
}
