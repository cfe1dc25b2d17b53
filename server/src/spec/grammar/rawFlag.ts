// Raw sbatch and srun flags that hpc-compose writes itself. Spec contract, sections 6.17, 9.5 (R083) and 9.6 (R116).
import { trimStart } from './text.ts';

/** Key of x-slurm -> its flags. */
const STEP_FLAGS = {
  nodes: ['--nodes', '-N'],
  ntasks: ['--ntasks', '-n'],
  ntasks_per_node: ['--ntasks-per-node'],
  cpus_per_task: ['--cpus-per-task', '-c'],
  gres: ['--gres'],
  gpus: ['--gpus', '-G'],
  gpus_per_node: ['--gpus-per-node'],
  gpus_per_task: ['--gpus-per-task'],
  cpus_per_gpu: ['--cpus-per-gpu'],
  mem_per_gpu: ['--mem-per-gpu'],
  gpu_bind: ['--gpu-bind'],
  cpu_bind: ['--cpu-bind'],
  mem_bind: ['--mem-bind'],
  distribution: ['--distribution'],
  hint: ['--hint'],
} as const;

const JOB_FLAGS = {
  ...STEP_FLAGS,
  job_name: ['--job-name', '-J'],
  partition: ['--partition', '-p'],
  account: ['--account', '-A'],
  qos: ['--qos', '-q'],
  reservation: ['--reservation'],
  licenses: ['--licenses', '-L'],
  time: ['--time', '-t'],
  mem: ['--mem'],
  constraint: ['--constraint', '-C'],
  output: ['--output', '-o'],
  error: ['--error', '-e'],
  chdir: ['--chdir', '-D'],
  array: ['--array', '-a'],
  after_job: ['--dependency'],
  requeue: ['--requeue', '--no-requeue'],
  signal: ['--signal'],
} as const;

export interface OwnedFlag {
  readonly key: string;
  readonly flag: string;
}

/** The planner-owned flag that a raw argument sets, or undefined. */
export function ownedFlagOf(argument: string, scope: 'job' | 'step'): OwnedFlag | undefined {
  const text = trimStart(argument);
  for (const [key, flags] of Object.entries(scope === 'job' ? JOB_FLAGS : STEP_FLAGS)) {
    const flag = flags.find((candidate) => setsFlag(text, candidate));
    if (flag !== undefined) return { key, flag };
  }
  return undefined;
}

function setsFlag(text: string, flag: string): boolean {
  if (!text.startsWith(flag)) return false;
  const next = text.slice(flag.length);
  // A short flag may have its value attached, so `-exclusive` counts as `-e xclusive`, as hpc-compose has it.
  return flag.length === 2 || next === '' || next.startsWith('=') || trimStart(next) !== next;
}
