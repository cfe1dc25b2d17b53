// HX022, HX028, HX029, HX039: what a service says without effect, or with another effect than meant: variables that only a shell
// will look for, mounts over the job's own directory, waits without an end, patterns that match nothing, commands that do nothing.
import { normalisePath } from '../../model/paths.ts';
import { JOB_DIR } from '../grammar/containerPath.ts';
import { nodeLocalRootOf } from '../grammar/localPath.ts';
import { parseMount } from '../grammar/mount.ts';
import { rustRegexProblem } from '../grammar/rustRegex.ts';
import { isBlank } from '../grammar/text.ts';
import { expressionsIn } from '../interpolate.ts';
import type { Sink } from './check.ts';
import { quoted } from './finding.ts';
import { below, bigCount, entries, items, partSpan, partSpans, text, under, type Place } from './place.ts';

/** Longer than any job runs. */
const LONGEST_WAIT = 60 * 60 * 24 * 30;

/** Own findings about what one service starts, mounts and waits for. */
export function checkServicePlausibility(service: Place, sink: Sink): void {
  checkVariables(service, sink);
  for (const item of items(under(service, 'volumes'))) checkVolume(item, sink);
  for (const block of ['x-runtime', 'x-enroot']) checkPrepare(below(service, block, 'prepare'), sink);
  checkWait(under(service, 'readiness'), sink);
}

function checkVolume(item: Place, sink: Sink): void {
  const value = text(item);
  const mount = value === undefined ? undefined : parseMount(value);
  if (!mount?.ok) return;
  const { host, container, hostAt, containerAt } = mount.value;
  const user = /^~[^/]+/.exec(host)?.[0];
  if (user !== undefined)
    sink.at('HX028', item, partSpan(item, hostAt, sink.context.textOf), {
      words: {
        problem: `${user} is not expanded: ${quoted(host)} is taken as a directory of the project; write the whole path`,
      },
    });
  if (container !== JOB_DIR && normalisePath(container) === JOB_DIR)
    sink.at('HX028', item, partSpan(item, containerAt, sink.context.textOf), {
      words: { problem: `${JOB_DIR} is mounted by hpc-compose itself; choose another target` },
    });
}

function checkPrepare(prepare: Place | undefined, sink: Sink): void {
  for (const command of items(under(prepare, 'commands')))
    if (isBlank(text(command) ?? 'x')) sink.value('HX039', command);
  for (const item of items(under(prepare, 'mounts'))) {
    const mount = parseMount(text(item) ?? '');
    const root = mount.ok ? nodeLocalRootOf(normalisePath(mount.value.host)) : undefined;
    if (mount.ok && root !== undefined)
      sink.value('HX028', item, {
        words: {
          problem: `${quoted(mount.value.host)} lies below ${root} of the machine that prepares, which other nodes do not see`,
        },
      });
  }
}

function checkWait(readiness: Place | undefined, sink: Sink): void {
  const pattern = under(readiness, 'pattern');
  const value = text(pattern);
  const problem = value === undefined || isBlank(value) ? undefined : rustRegexProblem(value);
  if (pattern && problem !== undefined)
    sink.value('HX029', pattern, {
      words: { problem: `${quoted(value ?? '')} is no regular expression: ${problem}` },
    });
  for (const key of ['seconds', 'timeout_seconds']) {
    const place = under(readiness, key);
    const seconds = bigCount(place);
    if (place && seconds !== undefined && seconds > LONGEST_WAIT)
      sink.value('HX029', place, { words: { problem: `${seconds} seconds are longer than any job runs` } });
  }
}

/** Set by shells, Slurm, hpc-compose or images, so that a shell finds them. */
const USUAL =
  /^(?:HOME|USER|LOGNAME|PATH|PWD|OLDPWD|SHELL|LANG|LC_\w+|TERM|TMPDIR|HOSTNAME|HOST|UID|EUID|PPID|RANDOM|SECONDS|LINENO|IFS|REPLY|EPOCHSECONDS|EPOCHREALTIME|BASH\w*|FUNCNAME|PIPESTATUS|OPTARG|OPTIND|LD_LIBRARY_PATH|PYTHONPATH|VIRTUAL_ENV|CONDA_\w+|(?:SLURM|SLURMD|SBATCH|SRUN|HPC_COMPOSE|CUDA|NVIDIA|ROCR|HIP|GPU|OMP|MKL|NCCL|UCX|OMPI|PMI|PMIX|MPI|ENROOT|APPTAINER|SINGULARITY|MASTER|WORLD|LOCAL|RANK|NODE)\w*)$/;

/** Shell texts that Compose would have filled in, and hpc-compose does not. */
function checkVariables(service: Place, sink: Sink): void {
  const places = ['entrypoint', 'command', 'script'].map((key) => under(service, key));
  if (under(service, 'env_file')) return;
  for (const place of places) {
    const value = text(place);
    if (place && value?.includes('${')) checkText(place, value, service, sink);
  }
}

function checkText(place: Place, value: string, service: Place, sink: Sink): void {
  // Names are told once.
  const known = new Set([...namesGiven(service), ...namesSetIn(value)]);
  const spanOf = partSpans(place, sink.context.textOf);
  for (const { name, operator, start, end } of expressionsIn(value)) {
    const isPlain = value[start + 1] === '{' && operator === '' && value[start - 1] !== '\\';
    if (!isPlain || known.has(name) || !/^[A-Z][A-Z0-9_]*$/.test(name) || USUAL.test(name)) continue;
    known.add(name);
    sink.at('HX022', place, spanOf({ start, end }), { words: { name } });
  }
}

/** Variables that the service itself gives to its processes. */
function namesGiven(service: Place): string[] {
  const lists = [under(service, 'environment'), below(service, 'x-env', 'env')];
  return lists.flatMap((list) => [
    ...entries(list).map(({ name }) => name),
    ...items(list).map((item) => (text(item) ?? '').split('=')[0] ?? ''),
  ]);
}

/** Variables that a shell text sets, as far as one sees: assignments, and all words behind `for` and `read`. */
function namesSetIn(value: string): string[] {
  const assigned = [...value.matchAll(/\b(\w+)=/g)].map(([, name = '']) => name);
  const read = [...value.matchAll(/\b(?:for|read)\b([^\n;]*)/g)].flatMap(
    ([, words = '']) => words.match(/\w+/g) ?? [],
  );
  return [...assigned, ...read];
}
