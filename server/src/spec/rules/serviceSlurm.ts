// The `x-slurm` block of a service: R075-R078, R084, R100, R101, R114, R116-R122, in the order in which hpc-compose looks.
import {
  parseMetadataKey,
  parseProtocol,
  parseRendezvousName,
  parseUrlPath,
} from '../grammar/rendezvousName.ts';
import { parseTime } from '../grammar/time.ts';
import { isBlank, trimStart } from '../grammar/text.ts';
import type { Sink } from './check.ts';
import { quoted } from './finding.ts';
import { checkMountSyntax } from './mounts.ts';
import { entries, items, keySpan, positional, text, under, word, type Place } from './place.ts';
import { checkPlacement } from './placementValues.ts';
import { checkExclusive, checkGpuRequest, checkRawFlags, COUNT_KEYS, timeFix } from './slurmBlock.ts';
import { checkParallelism } from './slurmBehaviour.ts';
import { checkVariableNames } from './softwareEnv.ts';

const LINES = ['mem_per_gpu', 'gpu_bind', 'cpu_bind', 'mem_bind', 'distribution', 'hint', 'gres'] as const;

export function checkServiceSlurm(place: Place, sink: Sink): void {
  for (const key of COUNT_KEYS) sink.atLeastOne('R075', under(place, key), 'main');
  checkExclusive('R076', place, ['cpus_per_task', 'cpus_per_gpu'], sink);
  for (const key of LINES) sink.lineSafe('R078', under(place, key));
  checkRawFlags('R116', under(place, 'extra_srun_args'), 'step', sink);
  checkGpuRequest(place, sink);
  checkPlacement(under(place, 'placement'), sink);
  const limit = under(place, 'time_limit');
  if (sink.notBlank('R118', limit)) sink.grammar('R118', limit, parseTime, limit && timeFix(limit));
  checkMpi(place, sink);
  for (const name of ['prologue', 'epilogue']) checkHook(under(place, name), sink);
  for (const hook of items(under(place, 'hooks'))) checkEventHook(hook, sink);
  checkRegister(under(under(place, 'rendezvous'), 'register'), sink);
  checkParallelism(place, sink);
}

/** R119, R120, and binds and variables of the host's MPI. */
function checkMpi(slurm: Place, sink: Sink): void {
  const mpi = under(slurm, 'mpi');
  if (!mpi) return;
  for (const item of items(under(slurm, 'extra_srun_args'))) {
    if (trimStart(text(item) ?? '').startsWith('--mpi'))
      sink.value('R119', item, { related: [{ span: keySpan(mpi), message: '`mpi` stands here.' }] });
  }
  const implementation = under(mpi, 'implementation');
  const words = { profile: word(under(mpi, 'profile')), implementation: word(implementation) };
  if (implementation && words.profile && words.implementation && words.profile !== words.implementation)
    sink.value('R120', implementation, { words: words as Record<string, string> });
  sink.atLeastOne('R075', under(mpi, 'expected_ranks'), 'main');
  const host = under(mpi, 'host_mpi');
  checkMountSyntax(under(host, 'bind_paths'), sink);
  checkVariableNames(under(host, 'env'), sink);
}

/** R121 for a hook around the service: a text, or {context, script}. */
function checkHook(hook: Place | undefined, sink: Sink): void {
  if (!hook) return;
  if (hook.node.kind === 'seq') sink.value('HX002', hook);
  const script =
    hook.node.kind === 'scalar' ? hook : under(positional(hook, ['context', 'script']), 'script');
  checkHookScript(script, sink);
}

function checkEventHook(hook: Place, sink: Sink): void {
  checkHookScript(under(hook, 'script'), sink);
  const context = under(hook, 'context');
  if (context && word(context) === 'container') sink.value('R121', context, { variant: 'context' });
}

function checkHookScript(script: Place | undefined, sink: Sink): void {
  const value = text(script);
  if (!script || value === undefined) return;
  if (isBlank(value)) sink.value('R121', script);
  else if (value.includes('\0')) sink.value('R121', script, { variant: 'nul' });
}

/** R122. */
function checkRegister(register: Place | undefined, sink: Sink): void {
  if (!register) return;
  sink.grammar('R122', under(register, 'name'), parseRendezvousName);
  sink.atLeastOne('R122', under(register, 'port'));
  sink.grammar('R122', under(register, 'protocol'), parseProtocol);
  sink.grammar('R122', under(register, 'path'), parseUrlPath);
  sink.atLeastOne('R122', under(register, 'ttl_seconds'));
  for (const entry of entries(under(register, 'metadata'))) {
    const key = parseMetadataKey(entry.name);
    if (!key.ok) sink.key('R122', entry, { words: { value: quoted(entry.name), problem: key.problem } });
    if (text(entry)?.includes('\0'))
      sink.value('R122', entry, { words: { value: 'the value', problem: 'holds a NUL character' } });
  }
}
