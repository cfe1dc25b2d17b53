// How a service is started: R104, R105, R135-R138. Spec contract, sections 5, 9.6 and 9.7.
import { isBlank } from '../grammar/text.ts';
import type { Sink } from './check.ts';
import { keySpan, positional, text, under, word, type Entry, type Place } from './place.ts';

/** R105, R104: before anything else of the service. */
export function checkScript(service: Place, sink: Sink): void {
  const script = under(service, 'script');
  const value = text(script);
  if (script && value !== undefined && isBlank(value)) sink.value('R105', script);
  else if (script && value?.includes('\0')) sink.value('R105', script, { variant: 'nul' });
  const [entrypoint, command] = [under(service, 'entrypoint'), under(service, 'command')];
  if (command && entrypoint?.node.kind === 'seq' && isMultiLine(command))
    sink.key('R104', command, {
      related: [{ span: keySpan(entrypoint), message: '`entrypoint` is a list.' }],
    });
}

function isMultiLine(command: Place): boolean {
  return command.node.kind === 'scalar' && text(command)?.includes('\n') === true;
}

/** R135-R138. */
export function checkExecution(service: Entry, sink: Sink): void {
  const [entrypoint, command] = [under(service, 'entrypoint'), under(service, 'command')];
  if (entrypoint && command && entrypoint.node.kind !== command.node.kind && !isMultiLine(command))
    sink.key('R135', entrypoint, {
      words: { entrypoint: formOf(entrypoint), command: formOf(command) },
      related: [{ span: keySpan(command), message: `\`command\` is ${formOf(command)}.` }],
    });
  const starts = entrypoint !== undefined || command !== undefined || under(service, 'script') !== undefined;
  const workingDir = under(service, 'working_dir');
  if (!starts && workingDir) sink.key('R136', workingDir);
  const isHost = sink.context.backend === 'host';
  if (isHost && !starts) sink.key('R137', service, { field: service.field });
  for (const name of ['prologue', 'epilogue']) {
    const hook = under(under(service, 'x-slurm'), name);
    if (!hook || !runsInContainer(hook)) continue;
    if (isHost) sink.key('R138', hook);
    else if (!starts && sink.context.backend) sink.key('R138', hook, { variant: 'command' });
  }
}

function formOf(place: Place): string {
  return place.node.kind === 'seq' ? 'a list' : 'a text';
}

/** True for hooks of context `container`; a plain text is a hook on the host. */
function runsInContainer(hook: Place): boolean {
  if (hook.node.kind === 'scalar') return false;
  return word(under(positional(hook, ['context', 'script']), 'context')) === 'container';
}
