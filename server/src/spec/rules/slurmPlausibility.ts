// HX021, HX025, HX026, HX028, HX033, HX037: texts of `x-slurm` that hpc-compose hands on unread, and that Slurm or the job will
// refuse or take otherwise than meant. Each says only what is certain; none is an error.
import { isAtOrBelow, normalisePath } from '../../model/paths.ts';
import { parseArray } from '../grammar/array.ts';
import { JOB_DIR } from '../grammar/containerPath.ts';
import { nodeLocalRootOf } from '../grammar/localPath.ts';
import { parseMemory } from '../grammar/memory.ts';
import { isBlank } from '../grammar/text.ts';
import { parseTime } from '../grammar/time.ts';
import { isNull } from '../node.ts';
import type { Sink } from './check.ts';
import { counted, quoted } from './finding.ts';
import { below, bigCount, items, keySpan, text, under, written, type Place } from './place.ts';

/** What is wrong with a text, as the end of a sentence, or undefined. */
type Judge = (value: string) => string | undefined;

const orEmpty =
  (judge: Judge): Judge =>
  (value) =>
    isBlank(value) ? 'it is empty; remove the key, or write a value' : judge(value);
const anything: Judge = () => undefined;

const HINTS = ['compute_bound', 'memory_bound', 'multithread', 'nomultithread'];
const DISTRIBUTION =
  /^(?:\*|block|cyclic|arbitrary|plane=\d+)(?::(?:\*|block|cyclic|fcyclic)){0,2}(?:,(?:pack|nopack))?$/i;
const NUMBER_WORDS = /^(?:zero|one|two|three|four|five|six|seven|eight|nine|ten)$/i;

/** Judges of root and service keys, by name; a key means the same in both. */
const TEXTS: Readonly<Record<string, Judge>> = {
  mem: orEmpty(memoryProblem),
  mem_per_gpu: orEmpty(memoryProblem),
  gres: orEmpty(gresProblem),
  licenses: orEmpty((value) => listProblem(value, /[,;]/, 'a license')),
  constraint: orEmpty(constraintProblem),
  hint: orEmpty((value) =>
    HINTS.includes(value) ? undefined : `${quoted(value)} is none of ${HINTS.join(', ')}`,
  ),
  distribution: orEmpty((value) =>
    DISTRIBUTION.test(value.trim())
      ? undefined
      : `${quoted(value)} is no distribution; write block, cyclic, plane=N or arbitrary, with :block, :cyclic or :fcyclic behind it`,
  ),
  partition: orEmpty((value) => listProblem(value, /,/, 'a partition')),
  account: orEmpty(anything),
  qos: orEmpty(anything),
  reservation: orEmpty(anything),
};

/** Texts of the job or of one service. */
export function checkSlurmTexts(slurm: Place | undefined, sink: Sink): void {
  for (const [key, judge] of Object.entries(TEXTS)) {
    const place = under(slurm, key);
    const value = text(place);
    const problem = value === undefined ? undefined : judge(value);
    if (place && problem !== undefined) sink.value('HX021', place, { words: { problem } });
  }
}

function memoryProblem(value: string): string | undefined {
  return parseMemory(value) === undefined
    ? `${quoted(value)} is no amount of memory; write 4G or 512M`
    : undefined;
}

function gresProblem(value: string): string | undefined {
  for (const item of value.split(',')) {
    const parts = item.trim().split(':');
    if (parts.some((part) => part.trim() === ''))
      return `a part of ${quoted(value)} is missing; write name:count or name:type:count`;
    const last = parts.at(-1) ?? '';
    if (parts.length > 1 && NUMBER_WORDS.test(last)) return `write the number ${quoted(last)} in digits`;
  }
  return undefined;
}

function listProblem(value: string, separator: RegExp, what: string): string | undefined {
  return value.split(separator).some(isBlank)
    ? `the name of ${what} is missing in ${quoted(value)}`
    : undefined;
}

function constraintProblem(value: string): string | undefined {
  let depth = 0;
  for (const char of value) {
    if ('([{'.includes(char)) depth++;
    else if (')]}'.includes(char) && --depth < 0) break;
  }
  if (depth !== 0) return `the brackets of ${quoted(value)} do not match`;
  return /[A-Za-z0-9_]/.test(value) ? undefined : `${quoted(value)} names no feature`;
}

/** The rest of the job's block: times, arrays, paths, mail. */
export function checkJobPlausibility(slurm: Place, sink: Sink): void {
  checkTimes(slurm, sink);
  checkArrayRepeats(under(slurm, 'array'), sink);
  checkPaths(slurm, sink);
  const to = below(slurm, 'notify', 'email', 'to');
  const address = text(to);
  if (to && address !== undefined && !isBlank(address) && !isMailAddress(address))
    sink.value('HX037', to, { words: { value: quoted(address) } });
  const cacheDir = written(slurm, 'cache_dir');
  if (cacheDir && isNull(cacheDir.node))
    sink.at('HX033', cacheDir, keySpan(cacheDir), { words: { key: 'cache_dir' } });
}

/** A name of the cluster's own users, or somebody@somewhere; several with commas. */
function isMailAddress(value: string): boolean {
  return value.split(',').every((one) => /^[^\s@,]+(?:@[^\s@,]+)?$/.test(one.trim()));
}

function checkTimes(slurm: Place, sink: Sink): void {
  const time = under(slurm, 'time');
  const limit = parseTime(text(time) ?? '');
  if (!time || !limit.ok) return;
  if (limit.value === 0)
    sink.value('HX026', time, {
      words: { problem: 'Slurm takes a time of 0 as no limit at all, as far as the partition allows.' },
    });
  const before = below(slurm, 'signal', 'at_seconds');
  const seconds = Number(bigCount(before) ?? 0);
  if (before && limit.value > 0 && seconds >= limit.value)
    sink.value('HX026', before, {
      words: {
        problem: `The signal is to come ${counted(seconds, 'second')} before the end, but the job has only ${counted(limit.value, 'second')}: it comes at the start.`,
      },
      related: [{ span: time.node.span, message: 'The time of the job stands here.' }],
    });
}

function checkArrayRepeats(array: Place | undefined, sink: Sink): void {
  const parsed = parseArray(text(array) ?? '');
  if (!array || !parsed.ok) return;
  const sorted = parsed.value.items.toSorted((a, b) => (a.first < b.first ? -1 : Number(a.first > b.first)));
  let reached = -1n;
  for (const { first, last, step } of sorted) {
    // Ranges with steps may interleave without a common index; only plain ones are certain.
    if (first <= reached && step === 1n) {
      sink.value('HX025', array, { words: { what: `The index ${first} of the job array` } });
      return;
    }
    if (step === 1n && last > reached) reached = last;
  }
}

/** Host paths that must be absolute, container paths that must not lie in the job's own directory, and local ones. */
function checkPaths(slurm: Place, sink: Sink): void {
  const risk = (place: Place | undefined, judge: Judge) => {
    const value = text(place);
    const problem = value === undefined || isBlank(value) ? undefined : judge(value);
    if (place && problem !== undefined) sink.value('HX028', place, { words: { problem } });
  };
  risk(below(slurm, 'scratch', 'base'), relativeProblem);
  risk(below(slurm, 'scratch', 'mount'), jobDirProblem);
  for (const entry of items(under(slurm, 'stage_in'))) risk(under(entry, 'to'), relativeProblem);
  for (const entry of items(under(slurm, 'stage_out'))) risk(under(entry, 'from'), relativeProblem);
  risk(below(slurm, 'artifacts', 'export_dir'), containerOnlyProblem);
  risk(under(slurm, 'runtime_root'), localProblem);
}

const relativeProblem: Judge = (value) =>
  /^[/~$]/.test(value)
    ? undefined
    : `${quoted(value)} is relative: where it leads depends on the directory that the job starts in; write an absolute path`;

const jobDirProblem: Judge = (value) =>
  isAtOrBelow(normalisePath(value), JOB_DIR)
    ? `${JOB_DIR} is mounted by hpc-compose itself, which hides what is mounted here; choose another directory`
    : undefined;

const containerOnlyProblem: Judge = (value) =>
  isAtOrBelow(normalisePath(value), '/hpc-compose')
    ? `${quoted(value)} exists in containers only, and artifacts are copied to a directory of the host`
    : undefined;

const localProblem: Judge = (value) => {
  const root = nodeLocalRootOf(normalisePath(value));
  return root === undefined
    ? undefined
    : `${quoted(value)} lies below ${root}, which every node has for itself; all nodes of the job must see it`;
};
