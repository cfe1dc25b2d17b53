// The root block `x-slurm` without its nested blocks: R074-R084, in the order in which hpc-compose looks. Spec contract, 9.5.
import { PLACEMENT_TEXTS } from '../../model/slurmTexts.ts';
import { parseArray } from '../grammar/array.ts';
import { asksForGpu } from '../grammar/gres.ts';
import { parseJobId } from '../grammar/jobId.ts';
import { parseLogPattern } from '../grammar/logPattern.ts';
import { ownedFlagOf } from '../grammar/rawFlag.ts';
import { parseTime } from '../grammar/time.ts';
import { slurmTimeOf } from '../grammar/timeHabit.ts';
import type { Sink } from './check.ts';
import type { Case } from './finding.ts';
import { items, keySpan, positional, text, under, type Place } from './place.ts';

export const COUNT_KEYS = [
  'nodes',
  'ntasks',
  'ntasks_per_node',
  'cpus_per_task',
  'gpus',
  'gpus_per_node',
  'gpus_per_task',
  'cpus_per_gpu',
] as const;
const LINES_BEFORE_TIME = [
  'job_name',
  'partition',
  'account',
  'qos',
  'reservation',
  'licenses',
  'constraint',
] as const;
const LINES_AFTER_TIME = ['mem', ...PLACEMENT_TEXTS] as const;

/** Checks counts, texts, time, logs, array, dependencies and raw flags of the allocation. */
export function checkAllocation(place: Place, sink: Sink): void {
  const resources = under(place, 'resources');
  sink.lineSafe('R078', resources);
  if (resources && text(resources)?.trim() === '') sink.value('R074', resources);
  for (const key of COUNT_KEYS) sink.atLeastOne('R075', under(place, key), 'main');
  checkExclusive('R076', place, ['cpus_per_task', 'cpus_per_gpu'], sink);
  checkExclusive('R077', place, ['mem', 'mem_per_gpu'], sink);
  for (const key of LINES_BEFORE_TIME) sink.lineSafe('R078', under(place, key));
  checkTime(under(place, 'time'), sink);
  for (const key of LINES_AFTER_TIME) sink.lineSafe('R078', under(place, key));
  for (const key of ['output', 'error']) checkLog(under(place, key), sink);
  sink.lineSafe('R078', under(place, 'chdir'));
  sink.grammar('R081', under(place, 'array'), parseArray);
  checkAfterJob(under(place, 'after_job'), sink);
  checkRawFlags('R083', under(place, 'submit_args'), 'job', sink);
  checkGpuRequest(place, sink);
}

function checkTime(time: Place | undefined, sink: Sink): void {
  if (!time || hasLineBreak(time, sink)) return;
  if (sink.notBlank('R079', time)) sink.grammar('R079', time, parseTime, timeFix(time));
}

/** The Slurm form of a time that is written as for other tools. */
export function timeFix(time: Place): Pick<Case, 'advice' | 'fixes'> {
  const meant = slurmTimeOf(text(time) ?? '');
  if (meant === undefined || time.node.kind !== 'scalar' || time.node.raw !== undefined) return {};
  const edits = [{ span: time.node.span, newText: `"${meant}"` }];
  return { advice: `Write "${meant}".`, fixes: [{ title: `Write "${meant}"`, edits, preferred: true }] };
}

/** R078, and whether it was found: then the grammar has nothing to add. */
function hasLineBreak(place: Place, sink: Sink): boolean {
  const before = sink.findings.length;
  sink.lineSafe('R078', place);
  return sink.findings.length > before;
}

function checkLog(log: Place | undefined, sink: Sink): void {
  if (!log || hasLineBreak(log, sink)) return;
  if (sink.notBlank('R080', log)) sink.grammar('R080', log, parseLogPattern);
}

function checkAfterJob(place: Place | undefined, sink: Sink): void {
  if (!place) return;
  if (place.node.kind === 'seq') sink.value('HX002', place);
  const id = place.node.kind === 'scalar' ? place : under(positional(place, ['id', 'condition']), 'id');
  sink.grammar('R082', id, parseJobId);
}

/** R076, R077: two keys that exclude each other; the finding sits on the second. */
export function checkExclusive(
  code: 'R076' | 'R077',
  place: Place,
  keys: readonly [string, string],
  sink: Sink,
): void {
  const [first, second] = [under(place, keys[0]), under(place, keys[1])];
  if (!first || !second) return;
  const later = sink.laterOf(first, second);
  const other = later === first ? second : first;
  sink.key(code, later, { related: [{ span: keySpan(other), message: `\`${other.name}\` stands here.` }] });
}

/** R083, R116: flags that hpc-compose writes itself. */
export function checkRawFlags(
  code: 'R083' | 'R116',
  list: Place | undefined,
  scope: 'job' | 'step',
  sink: Sink,
): void {
  for (const item of items(list)) {
    if (hasLineBreak(item, sink)) continue;
    const owned = ownedFlagOf(text(item) ?? '', scope);
    if (owned)
      sink.value(code, item, {
        ...attachedAdvice(text(item) ?? '', owned.flag),
        words: {
          flag: owned.flag,
          key: `x-slurm.${owned.key}`,
          list: scope === 'job' ? 'submit_args' : 'extra_srun_args',
        },
      });
  }
}

/** `-exclusive` reads as `-e xclusive`: a dash is missing. */
function attachedAdvice(argument: string, flag: string): { advice?: string } {
  const word = argument.trimStart();
  if (flag.length !== 2 || !/^-[a-z]{3,}/.test(word)) return {};
  return {
    advice: `Slurm reads ${word.split(/[\s=]/)[0] ?? ''} as ${flag} with a value; if a long flag is meant, write two dashes.`,
  };
}

/** R084: `gpus` beside a `gres` that asks for GPUs. */
export function checkGpuRequest(place: Place, sink: Sink): void {
  const gpus = under(place, 'gpus');
  const gres = under(place, 'gres');
  if (gpus && gres && asksForGpu(text(gres) ?? ''))
    sink.key('R084', gpus, { related: [{ span: gres.node.span, message: 'GPUs are asked for here, too.' }] });
}
