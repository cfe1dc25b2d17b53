// Text options of Slurm that jobs, job steps and resource profiles share, in the order in which hpc-compose walks them.
export const PLACEMENT_TEXTS = [
  'gres',
  'mem_per_gpu',
  'gpu_bind',
  'cpu_bind',
  'mem_bind',
  'distribution',
  'hint',
] as const;
