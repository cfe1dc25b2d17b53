// Blocks that change an image before it runs: R112-R114, R071, R144, R145. Spec contract, sections 5, 9.6 and 9.7.
import type { Sink } from './check.ts';
import { checkMountSyntax } from './mounts.ts';
import { items, keySpan, under, type Entry, type Place } from './place.ts';
import { checkVariableNames } from './softwareEnv.ts';

function prepareBlocks(service: Place): { runtime: Entry | undefined; enroot: Entry | undefined } {
  return {
    runtime: under(under(service, 'x-runtime'), 'prepare'),
    enroot: under(under(service, 'x-enroot'), 'prepare'),
  };
}

/** R112, R113: before the values of the service. */
export function checkPrepareChoice(service: Place, sink: Sink): void {
  const { runtime, enroot } = prepareBlocks(service);
  if (runtime && enroot) {
    const second = sink.laterOf(runtime, enroot);
    const first = second === runtime ? enroot : runtime;
    sink.key('R112', second, {
      related: [{ span: keySpan(first), message: 'The other `prepare` stands here.' }],
    });
  }
  const { backend } = sink.context;
  if (enroot && backend !== undefined && backend !== 'pyxis')
    sink.key('R113', enroot, { words: { backend } });
}

/** R114 and R071 in prepare blocks: the last check of the values of a service. */
export function checkPrepareValues(service: Place, sink: Sink): void {
  const { runtime, enroot } = prepareBlocks(service);
  for (const prepare of [runtime, enroot]) {
    checkMountSyntax(under(prepare, 'mounts'), sink);
    checkVariableNames(under(prepare, 'env'), sink);
  }
}

/** R144, R145: once the whole spec is laid out. */
export function checkPrepareUse(service: Place, sink: Sink): void {
  const { runtime, enroot } = prepareBlocks(service);
  const isHost = sink.context.backend === 'host';
  for (const prepare of [runtime, enroot]) {
    if (prepare?.node.kind !== 'map') continue;
    const commands = under(prepare, 'commands');
    const isEmpty = !commands || (commands.node.kind === 'seq' && items(commands).length === 0);
    if (isHost) sink.key('R144', prepare);
    else if (isEmpty) sink.key('R145', prepare);
  }
}
