// Rules R050-R052 and R070-R122: values of the root blocks and of each service. Spec contract, sections 9.5 and 9.6.
import { rule, type RuleTable } from '../rule.ts';

const EMPTY = '`{field}` must not be empty.';
const AT_LEAST_ONE = '`{field}` must be at least 1.';
const RAW_FLAG =
  '`{flag}` sets what hpc-compose sets itself; use the key `{key}` instead of a raw flag in `{list}`.';

export const VALUE_RULES = {
  R050: rule(
    'secret-name',
    11,
    'The secret name `{name}` is no variable name: letters, digits and _ only, no digit first.',
  ),
  R051: rule('secret-two-sources', 11, 'The secret `{name}` has both `file` and `env`; keep one.'),
  R052: rule('secret-no-source', 11, 'The secret `{name}` needs a source: `file` or `env`.'),
  R070: rule('software-value', 11, {
    main: '`{field}` {problem}.',
    empty: EMPTY,
  }),
  R071: rule('variable-name', 11, {
    main: '`{name}` is no variable name: letters, digits and _ only, no digit first.',
    empty: 'A variable name in `{field}` is empty.',
    file: '{file}: `{name}` is no variable name: letters, digits and _ only, no digit first.',
  }),
  R072: rule('sweep-value', 11, {
    main: '`{field}` {problem}.',
    parameters: '`sweep.parameters` needs at least one parameter.',
    empty: 'The parameter `{name}` needs at least one value.',
    name: 'The parameter name `{name}` is no variable name: letters, digits and _ only, no digit first.',
    reserved: 'Parameter names that start with HPC_COMPOSE_SWEEP_ are reserved.',
    product: '`sweep.matrix.random` is {value}, but there are only {product} combinations.',
    atLeastOne: AT_LEAST_ONE,
    both: '`sweep.objective` reads either `log_pattern` or `json_path`; keep one.',
    none: '`sweep.objective` needs `log_pattern` or `json_path`.',
    jsonField: '`sweep.objective.json_path` needs `json_field` beside it.',
    pattern: '`sweep.objective.log_pattern` is no valid regular expression: {problem}.',
    axis: '`sweep.objective.scaling_axis` names `{name}`, which is no parameter of the sweep.',
    axisValue: 'The scaling axis `{name}` needs positive numbers only; {value} is none.',
  }),
  R074: rule('resources-empty', 11, EMPTY, { upstream: 'empty_field' }),
  R075: rule('count-zero', 11, AT_LEAST_ONE),
  R076: rule('cpus-twice', 11, '`cpus_per_task` and `cpus_per_gpu` exclude each other; keep one.'),
  R077: rule('memory-twice', 11, '`mem` and `mem_per_gpu` exclude each other; keep one.'),
  R078: rule('line-break', 11, '`{field}` must be one line: it holds a {character}.'),
  R079: rule(
    'time-limit',
    11,
    { main: '`{field}`: {value} is no Slurm time: {problem}.', empty: EMPTY },
    { upstream: 'invalid_slurm_time' },
  ),
  R080: rule('log-path', 11, {
    main: '`{field}` must not climb with `..`.',
    empty: EMPTY,
    line: '`{field}` must be one line: it holds a {character}.',
  }),
  R081: rule('array-range', 11, '`{field}`: {value} is no job array: {problem}.'),
  R082: rule('after-job-id', 11, '`{field}`: {value} is no job id: {problem}.'),
  R083: rule('raw-submit-flag', 11, RAW_FLAG),
  R084: rule('gpus-and-gres', 11, '`gpus` and the gpu part of `gres` ask for GPUs twice; keep one.', {
    upstream: 'gpus_gres_conflict',
  }),
  R085: rule('scratch-path', 11, {
    main: '`{field}` must be an absolute path in the container, not {value}.',
    empty: EMPTY,
    nul: '`{field}` holds a NUL character.',
  }),
  R086: rule('stage-entry', 11, {
    main: EMPTY,
    nul: '`{field}` holds a NUL character.',
    both: '`{field}` has both `from` and `hf`; keep one source.',
    none: '`{field}` needs a source: `from` or `hf`.',
  }),
  R087: rule('hugging-face', 11, '`{field}`: {value} is no {what}: {problem}.'),
  R088: rule('burst-buffer', 11, {
    main: '`{field}` must start with `#BB ` or `#DW `.',
    line: '`{field}` must be one line: it holds a {character}.',
  }),
  R089: rule('metrics-interval', 11, AT_LEAST_ONE, { upstream: 'metrics_interval_too_low' }),
  R090: rule('watchdog-value', 11, {
    main: '`{field}` must be between 0 and 100, not {value}.',
    cancel: '`{field}: cancel` is not supported yet; use `warn`.',
    atLeastOne: AT_LEAST_ONE,
  }),
  R091: rule(
    'export-dir',
    11,
    { main: '`{field}` needs `export_dir`, the directory that artifacts are copied to.', empty: EMPTY },
    { upstream: 'artifacts_missing_export_dir' },
  ),
  R092: rule(
    'artifacts-empty',
    11,
    {
      main: '`{field}` collects nothing: give at least one path in `paths` or one bundle.',
      bundle: 'The bundle `{name}` needs at least one path.',
    },
    { upstream: 'artifacts_no_sources' },
  ),
  R093: rule('artifact-path', 11, '`{field}`: {value} must be an absolute path below /hpc-compose/job.', {
    upstream: 'artifacts_invalid_path',
  }),
  R094: rule(
    'artifact-from-export',
    11,
    '`{field}`: {value} lies in /hpc-compose/job/artifacts, where artifacts are written to.',
    { upstream: 'artifacts_reads_export_tree' },
  ),
  R095: rule('bundle-name', 11, {
    main: 'The bundle name `{name}` must be made of letters, digits, _ and -.',
    reserved: 'The bundle name `default` is taken by `artifacts.paths`.',
  }),
  R096: rule(
    'resume-path',
    11,
    {
      main: '`{field}` must be an absolute path on the host, not {value}.',
      empty: EMPTY,
      container:
        '`{field}` is a path on the host; {value} lies below /hpc-compose, which exists in containers only.',
    },
    { upstream: 'resume_relative_path' },
  ),
  R097: rule('email', 11, {
    main: '`{field}` sets mail that `x-slurm.notify.email` sets already; keep one.',
    empty: EMPTY,
    line: '`{field}` must be one line: it holds a {character}.',
  }),
  R098: rule('email-array-tasks', 11, '`array_tasks` needs a job array, and `x-slurm.array` is not set.', {
    upstream: 'array_tasks_requires_array',
  }),
  R099: rule('rendezvous-client', 11, {
    main: '`{field}`: {value} is no rendezvous name: {problem}.',
    none: '`{field}` needs at least one name.',
    twice: 'The name {value} is given twice; keep one.',
    clash:
      'The names {first} and {value} give the same environment variables; choose names that differ in letters or digits.',
    atLeastOne: AT_LEAST_ONE,
  }),
  R100: rule('parallelism-zero', 11, AT_LEAST_ONE, { upstream: 'parallelism_non_positive' }),
  R101: rule(
    'parallelism-gpus',
    11,
    'tensor {tensor} × pipeline {pipeline} = {product} does not equal nodes {nodes} × gpus_per_node {gpus} = {total}.',
    { upstream: 'parallelism_gpu_mismatch' },
  ),
  R102: rule('signal-delay', 11, '`{field}` must be between 1 and 65535 seconds, not {value}.', {
    upstream: 'signal_delay_out_of_range',
  }),
  R104: rule(
    'mixed-command',
    11,
    'A list `entrypoint` cannot start a `command` of several lines: write both as text, or use `script`.',
    { upstream: 'mixed_command_forms' },
  ),
  R105: rule('script-text', 11, { main: EMPTY, nul: '`{field}` holds a NUL character.' }),
  R106: rule('readiness-twice', 11, '`readiness` and `healthcheck` exclude each other; keep one.', {
    upstream: 'readiness_healthcheck_conflict',
  }),
  R107: rule(
    'healthcheck-key',
    11,
    '`healthcheck.{key}` has no meaning here: hpc-compose probes until `timeout`.',
    { upstream: 'healthcheck_unsupported_field', advice: 'Remove the key, or write `readiness` instead.' },
  ),
  R108: rule('healthcheck-timeout', 11, '`{field}`: {value} is no duration: {problem}.'),
  R109: rule('healthcheck-test', 11, '`healthcheck` needs `test`, unless `disable: true` is set.'),
  R110: rule('healthcheck-probe', 11, '`{field}`: {problem}.', {
    upstream: 'healthcheck_invalid_test',
    advice: 'Known probes: nc -z HOST PORT; curl URL; wget --spider URL. Others: write `readiness` instead.',
  }),
  R111: rule('readiness-value', 11, {
    main: '`{field}` must be at least 1.',
    empty: EMPTY,
    nul: '`{field}` holds a NUL character.',
    status: '`{field}` must be an HTTP status from 100 to 599, not {value}.',
  }),
  R112: rule(
    'prepare-twice',
    11,
    '`x-runtime.prepare` and `x-enroot.prepare` exclude each other; keep one.',
    {
      upstream: 'duplicate_prepare_hook',
    },
  ),
  R113: rule(
    'enroot-prepare',
    11,
    '`x-enroot.prepare` works with `runtime.backend: pyxis` only, and this spec uses {backend}.',
    { upstream: 'enroot_prepare_requires_pyxis', advice: 'Use `x-runtime.prepare`.' },
  ),
  R114: rule('mount-syntax', 11, '`{field}`: {value} is no mount: {problem}.', {
    upstream: 'invalid_mount_syntax',
    advice: 'Write host:container, host:container:ro or host:container:rw.',
  }),
  R115: rule('assertion', 11, {
    main: '`{field}` {problem}.',
    none: '`assert` asserts nothing: set `exit_code`, `artifacts_contain` or `max_duration_seconds`.',
    atLeastOne: AT_LEAST_ONE,
    exitCode: '`{field}` must be an exit code from 0 to 255, not {value}.',
  }),
  R116: rule('raw-srun-flag', 11, RAW_FLAG),
  R117: rule('placement-value', 11, {
    main: '`{field}` {problem}.',
    selectors:
      '`{field}` needs exactly one of node_range, node_count, node_percent and share_with; it has {count}.',
    atLeastOne: AT_LEAST_ONE,
    percent: '`{field}` must be between 1 and 100, not {value}.',
    empty: EMPTY,
    shared: '`{key}` has no meaning beside `share_with`.',
    start: '`start_index` needs `node_count` or `node_percent`.',
  }),
  R118: rule('service-time-limit', 11, {
    main: '`{field}`: {value} is no Slurm time: {problem}.',
    empty: EMPTY,
  }),
  R119: rule('raw-mpi-flag', 11, 'The raw flag --mpi repeats `x-slurm.mpi`; keep one.'),
  R120: rule(
    'mpi-implementation',
    11,
    '`implementation: {implementation}` contradicts `profile: {profile}`.',
  ),
  R121: rule('hook-value', 11, {
    main: EMPTY,
    nul: '`{field}` holds a NUL character.',
    context: '`{field}` must be `host`: hooks on events run outside the container.',
  }),
  R122: rule('rendezvous-register', 11, {
    main: '`{field}`: {value} {problem}.',
    atLeastOne: AT_LEAST_ONE,
  }),
} as const satisfies RuleTable;
