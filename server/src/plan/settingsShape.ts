// The schema of `.hpc-compose/settings.toml` as data (cache contract, section 1.4), and the check of a parsed file against it.

export type Shape =
  | 'string'
  | 'bool'
  | 'u32'
  | 'u64'
  | 'strings'
  /** Exactly these keys; unknown ones are refused. */
  | { readonly table: Readonly<Record<string, Shape>> }
  /** Any keys, values of one shape. */
  | { readonly map: Shape };

export interface ShapeProblem {
  readonly path: readonly string[];
  readonly message: string;
}

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

const SCOPE: Shape = {
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

const RESOURCE_PROFILE: Shape = {
  table: {
    ...all(
      [
        'partition',
        'account',
        'qos',
        'time',
        'mem',
        'gres',
        'mem_per_gpu',
        'gpu_bind',
        'cpu_bind',
        'mem_bind',
        'distribution',
        'hint',
        'constraint',
      ],
      'string',
    ),
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

export const SETTINGS_SHAPE: Shape = {
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

const LIMITS = { u32: 2n ** 32n - 1n, u64: 2n ** 64n - 1n } as const;

/** Everything in a parsed TOML value (integers as bigint) that does not fit the shape, in the order of the file. */
export function checkShape(value: unknown, shape: Shape, path: readonly string[] = []): ShapeProblem[] {
  switch (shape) {
    case 'string':
      return typeof value === 'string' ? [] : [wrong(path, 'a string', value)];
    case 'bool':
      return typeof value === 'boolean' ? [] : [wrong(path, 'true or false', value)];
    case 'u32':
    case 'u64':
      return checkInteger(value, LIMITS[shape], path);
    case 'strings':
      if (!Array.isArray(value)) return [wrong(path, 'a list of strings', value)];
      return value.flatMap((item) =>
        typeof item === 'string' ? [] : [wrong(path, 'a list of strings', item)],
      );
    default:
      return checkTable(value, shape, path);
  }
}

function checkInteger(value: unknown, limit: bigint, path: readonly string[]): ShapeProblem[] {
  if (typeof value !== 'bigint') return [wrong(path, 'an integer', value)];
  if (value >= 0n && value <= limit) return [];
  return [{ path, message: `${path.join('.')} must be between 0 and ${limit}, got ${value}` }];
}

function checkTable(value: unknown, shape: Exclude<Shape, string>, path: readonly string[]): ShapeProblem[] {
  if (!isTable(value)) return [wrong(path, 'a table', value)];
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = [...path, key];
    if ('map' in shape) return checkShape(inner, shape.map, at);
    const innerShape = Object.hasOwn(shape.table, key) ? shape.table[key] : undefined;
    if (innerShape !== undefined) return checkShape(inner, innerShape, at);
    const known = Object.keys(shape.table).join(', ');
    return [{ path: at, message: `unknown key '${at.join('.')}'; known here: ${known}` }];
  });
}

/** True for a TOML table (not an array, not a date). */
export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function wrong(path: readonly string[], wanted: string, value: unknown): ShapeProblem {
  return { path, message: `${path.join('.')} must be ${wanted}, got ${describe(value)}` };
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a date';
  if (typeof value === 'object') return 'a table';
  if (typeof value === 'bigint') return `the integer ${value}`;
  return typeof value === 'string' ? 'a string' : JSON.stringify(value);
}

function all(names: readonly string[], shape: Shape): Record<string, Shape> {
  return Object.fromEntries(names.map((name) => [name, shape]));
}
