// The schema of `.hpc-compose/cluster.toml` as data. Spec contract, section 12.
import type { TomlShape } from '../../model/tomlShape.ts';

const TEXT = 'string';
const VARIABLES: TomlShape = { map: TEXT };

const IMPLEMENTATIONS = ['openmpi', 'mpich', 'intel_mpi', 'mvapich2', 'cray_mpi', 'hpe_mpi', 'unknown'];

export const CLUSTER_SHAPE: TomlShape = {
  table: {
    schema_version: 'u32',
    generated_at_unix: 'u64',
    slurm_version: TEXT,
    mpi_types: 'strings',
    qos: 'strings',
    gpu_models: 'strings',
    shared_cache_paths: 'strings',
    mpi_installations: {
      list: {
        table: {
          name: TEXT,
          implementation: { words: IMPLEMENTATIONS },
          version: TEXT,
          mpi_types: 'strings',
          bin_dir: TEXT,
          lib_dir: TEXT,
          bind_paths: 'strings',
          env: VARIABLES,
          pmi_library: TEXT,
        },
      },
    },
    partitions: {
      list: {
        required: ['name'],
        table: {
          name: TEXT,
          state: TEXT,
          max_time: TEXT,
          default_time: TEXT,
          nodes: 'u32',
          cpus_per_node: 'u32',
          gres: TEXT,
          features: 'strings',
          qos: 'strings',
          default_qos: TEXT,
        },
      },
    },
    runtimes: {
      table: { pyxis: 'bool', enroot: 'bool', apptainer: 'bool', singularity: 'bool', host: 'bool' },
    },
    distributed: {
      table: { rdzv_port: 'u16', rdzv_port_base: 'u16', rdzv_port_span: 'u16', env: VARIABLES },
    },
    site: { table: { name: TEXT, description: TEXT, support_url: TEXT, contact: TEXT } },
    software: {
      table: {
        modules: {
          list: {
            required: ['name'],
            table: { name: TEXT, implementation: TEXT, version: TEXT, env: VARIABLES },
          },
        },
      },
    },
    filesystems: {
      list: {
        required: ['path'],
        table: { path: TEXT, kind: TEXT, quota_hint: TEXT, description: TEXT },
      },
    },
    gpu: {
      table: { vendor: TEXT, model: TEXT, cuda_driver: TEXT, rocm_driver: TEXT, mig_profiles: 'strings' },
    },
    network: {
      table: {
        preferred_interfaces: 'strings',
        nccl_env: VARIABLES,
        ucx_env: VARIABLES,
        ofi_env: VARIABLES,
        ray_env: VARIABLES,
        dask_env: VARIABLES,
      },
    },
    containers: {
      table: {
        approved_backends: 'strings',
        registry_mirrors: VARIABLES,
        required_env: VARIABLES,
        required_bind_paths: 'strings',
      },
    },
    slurm: { table: { defaults: VARIABLES, required: VARIABLES } },
  },
};

/** Where texts must say something on one line. `*` stands for every key or item. */
export const NAMED_TEXTS: readonly (readonly string[])[] = [
  ['site', '*'],
  ['software', 'modules', '*', '*'],
  ['software', 'modules', '*', 'env', '*'],
  ['filesystems', '*', '*'],
  ['gpu', '*'],
  ['gpu', 'mig_profiles', '*'],
  ['network', 'preferred_interfaces', '*'],
  ['network', 'nccl_env', '*'],
  ['network', 'ucx_env', '*'],
  ['network', 'ofi_env', '*'],
  ['network', 'ray_env', '*'],
  ['network', 'dask_env', '*'],
  ['containers', 'approved_backends', '*'],
  ['containers', 'registry_mirrors', '*'],
  ['containers', 'required_env', '*'],
  ['containers', 'required_bind_paths', '*'],
  ['slurm', 'defaults', '*'],
  ['slurm', 'required', '*'],
];

/** Tables whose keys must be names of variables. */
export const VARIABLE_TABLES: readonly (readonly string[])[] = [
  ['distributed', 'env'],
  ['software', 'modules', '*', 'env'],
  ['network', 'nccl_env'],
  ['network', 'ucx_env'],
  ['network', 'ofi_env'],
  ['network', 'ray_env'],
  ['network', 'dask_env'],
  ['containers', 'required_env'],
];
