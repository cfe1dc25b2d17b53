// Mounts of a service: R114, R132, R134, and what lint must know of them. Spec contract, sections 6.7, 9.6 and 9.7.
import { JOB_DIR } from '../grammar/containerPath.ts';
import { parseMount } from '../grammar/mount.ts';
import type { Sink } from './check.ts';
import type { MountFact } from './facts.ts';
import { below, items, partSpan, text, under, type Place } from './place.ts';

/** R114 for one list of mounts. */
export function checkMountSyntax(list: Place | undefined, sink: Sink): void {
  for (const item of items(list)) sink.grammar('R114', item, parseMount);
}

function mountLists(service: Place): (Place | undefined)[] {
  return [under(service, 'volumes'), below(service, 'x-slurm', 'mpi', 'host_mpi', 'bind_paths')];
}

/** R132, R134: once the whole spec is laid out. */
export function checkMountUse(service: Place, sink: Sink): void {
  for (const list of mountLists(service)) {
    if (list && items(list).length > 0 && sink.context.backend === 'host') sink.key('R132', list);
    for (const item of items(list)) {
      const value = text(item);
      const mount = value === undefined ? undefined : parseMount(value);
      if (mount?.ok && mount.value.container === JOB_DIR)
        sink.at('R134', item, partSpan(item, mount.value.containerAt, sink.context.textOf));
    }
  }
}

/** Volumes and MPI binds that can be read. */
export function readMounts(service: Place): MountFact[] {
  return mountLists(service)
    .flatMap(items)
    .flatMap((item): MountFact[] => {
      const value = text(item);
      const mount = value === undefined ? undefined : parseMount(value);
      if (!mount?.ok) return [];
      const { host, container, mode } = mount.value;
      const fact = { host, container, readOnly: mode === 'ro', span: item.node.span };
      return [mode === undefined ? { ...fact, ...endOf(item) } : fact];
    });
}

/** The place right behind the last character of a mount that is written as it is meant. */
function endOf({ node }: Place): { end?: number } {
  if (node.kind !== 'scalar' || node.raw !== undefined) return {};
  if (node.style === 'plain') return { end: node.span.end };
  return node.style === 'double' || node.style === 'single' ? { end: node.span.end - 1 } : {};
}
