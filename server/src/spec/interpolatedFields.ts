// Which strings of a spec are interpolated (spec contract, sections 0, 4, 5 and 8), as a table over the shape of the tree.
// Keys stand in the order in which hpc-compose walks them, so that the first problem found is the one it reports.
import { PLACEMENT_TEXTS } from '../model/slurmTexts.ts';

export interface FieldRule {
  /** A string here is interpolated. */
  readonly text?: boolean;
  /** `SLURM_JOB_ID` stays an expression, because only the job knows it. */
  readonly keepsJobId?: boolean;
  /** A string here is `NAME=value`: only the value is interpolated, and `=` is required (R067). */
  readonly entry?: boolean;
  readonly items?: FieldRule;
  readonly keys?: Readonly<Record<string, FieldRule>>;
  /** Rule for the values of keys that are not listed. */
  readonly values?: FieldRule;
}

const TEXT: FieldRule = { text: true };
const JOB_TEXT: FieldRule = { text: true, keepsJobId: true };
const LIST: FieldRule = { items: TEXT };
const TEXT_OR_LIST: FieldRule = { text: true, items: TEXT };
const ENVIRONMENT: FieldRule = { values: TEXT, items: { entry: true } };

const X_ENV: FieldRule = {
  keys: {
    modules: { items: TEXT_OR_LIST, keys: { load: LIST } },
    spack: { keys: { view: TEXT } },
    env: { values: TEXT },
  },
};

const PREPARE: FieldRule = { keys: { prepare: { keys: { mounts: LIST, env: ENVIRONMENT } } } };

const ROOT_TEXTS = [
  'resources',
  'job_name',
  'partition',
  'account',
  'qos',
  'reservation',
  'licenses',
  'time',
  'mem',
  ...PLACEMENT_TEXTS,
  'constraint',
  'output',
  'error',
  'chdir',
  'array',
] as const;

const STEP_TEXTS = [...PLACEMENT_TEXTS, 'time_limit'] as const;

const STAGE_IN: FieldRule = {
  items: { keys: { from: JOB_TEXT, to: JOB_TEXT, hf: { keys: { repo: TEXT, revision: TEXT } } } },
};

/** Rule for the root `x-slurm` block. */
export const ROOT_SLURM_FIELDS: FieldRule = {
  keys: {
    ...texts(ROOT_TEXTS),
    after_job: { text: true, items: TEXT, keys: { id: TEXT } },
    cache_dir: TEXT,
    enroot_temp_dir: TEXT,
    runtime_root: TEXT,
    scratch: { keys: { base: JOB_TEXT, mount: TEXT } },
    stage_in: STAGE_IN,
    stage_out: { items: { keys: { from: JOB_TEXT, to: JOB_TEXT } } },
    artifacts: {
      keys: { export_dir: JOB_TEXT, paths: LIST, bundles: { values: { keys: { paths: LIST } } } },
    },
    resume: { keys: { path: TEXT } },
    notify: { keys: { email: { keys: { to: TEXT } } } },
    submit_args: LIST,
    rendezvous: { text: true, items: TEXT_OR_LIST, keys: { discover: TEXT_OR_LIST } },
  },
};

const SERVICE_SLURM: FieldRule = {
  keys: {
    placement: { keys: { node_range: TEXT, share_with: TEXT, exclude: TEXT } },
    ...texts(STEP_TEXTS),
    extra_srun_args: LIST,
    mpi: { keys: { host_mpi: { keys: { bind_paths: LIST, env: ENVIRONMENT } } } },
    rendezvous: {
      keys: {
        register: { keys: { name: TEXT, protocol: TEXT, path: TEXT, metadata: { values: TEXT } } },
      },
    },
  },
};

/** Rule for one service. */
export const SERVICE_FIELDS: FieldRule = {
  keys: {
    image: TEXT,
    command: LIST,
    entrypoint: LIST,
    environment: ENVIRONMENT,
    env_file: TEXT_OR_LIST,
    volumes: LIST,
    working_dir: TEXT,
    healthcheck: { keys: { test: TEXT_OR_LIST } },
    assert: { keys: { artifacts_contain: TEXT } },
    'x-env': X_ENV,
    modules: LIST,
    'x-slurm': SERVICE_SLURM,
    'x-runtime': PREPARE,
    'x-enroot': PREPARE,
  },
};

/** Rules of the root keys. `steps` is an alias of `services`. */
export const ROOT_FIELDS: FieldRule = {
  keys: {
    name: TEXT,
    'x-env': X_ENV,
    modules: LIST,
    'x-slurm': ROOT_SLURM_FIELDS,
    services: { values: SERVICE_FIELDS },
    steps: { values: SERVICE_FIELDS },
  },
};

function texts(keys: readonly string[]): Readonly<Record<string, FieldRule>> {
  return Object.fromEntries(keys.map((key) => [key, TEXT]));
}
