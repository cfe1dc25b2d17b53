// The schema of `.hpc-compose/settings.toml` as data (cache contract, section 1.4).
import { PLACEMENT_TEXTS } from '../model/slurmTexts.ts';
import type { TomlShape } from '../model/tomlShape.ts';

/** Executables that settings may name. */
export const BINARY_NAMES = [
  'enroot',
  'apptainer',
  'singularity',
  'salloc',
  'sbatch',
  'srun',
  'scontrol',
  'sinfo',
  'squeue',
  'sacct',
  'sstat',
  'scancel',
  'sshare',
  'sprio',
  'ssh',
  'rsync',
] as const;

const SCOPE: TomlShape = {
  table: {
    compose_file: 'string',
    env_files: 'strings',
    env: { map: 'string' },
    binaries: { table: all(BINARY_NAMES, 'string') },
    cache: { table: { dir: 'string', enroot_temp_dir: 'string' } },
    workspace: {
      table: {
        name: 'string',
        duration_days: 'u32',
        auto_allocate: 'bool',
        auto_extend: 'bool',
        warn_days_left: 'u32',
        queue_buffer_days: 'u32',
      },
    },
    login_host: 'string',
    login_user: 'string',
  },
};

const RESOURCE_PROFILE: TomlShape = {
  table: {
    ...all(['partition', 'account', 'qos', 'time', 'mem', ...PLACEMENT_TEXTS, 'constraint'], 'string'),
    ...all(
      [
        'nodes',
        'ntasks',
        'ntasks_per_node',
        'cpus_per_task',
        'gpus',
        'gpus_per_node',
        'gpus_per_task',
        'cpus_per_gpu',
      ],
      'u32',
    ),
  },
};

export const SETTINGS_SHAPE: TomlShape = {
  table: {
    version: 'u32',
    default_profile: 'string',
    defaults: SCOPE,
    profiles: { map: SCOPE },
    resource_profiles: { map: RESOURCE_PROFILE },
    watch: {
      table: { sort: 'string', wrap: 'bool', refresh_ms: 'u64', metrics_refresh_ms: 'u64', mouse: 'bool' },
    },
  },
};

function all(names: readonly string[], shape: TomlShape): Record<string, TomlShape> {
  return Object.fromEntries(names.map((name) => [name, shape]));
}
