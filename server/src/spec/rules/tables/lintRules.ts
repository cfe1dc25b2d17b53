// Rules HPC001-HPC900: valid, but likely to go wrong. Spec contract, section 9.8.
import { rule, type RuleTable } from '../rule.ts';

const severity = 'warning';

export const LINT_RULES = {
  HPC001: rule(
    'dependency-without-readiness',
    16,
    '`{service}` starts as soon as `{target}` was started, ready or not.',
    { severity, advice: 'Give `{target}` a `readiness` and depend on it with condition service_healthy.' },
  ),
  HPC002: rule('memory-per-cpu', 16, '{memory} for {cpus} is {each} per CPU, which is unusually {how}.', {
    severity,
    advice: 'Check `mem` (memory per node), `ntasks` and `cpus_per_task`.',
  }),
  HPC003: rule(
    'ignored-service-writes',
    16,
    {
      main: 'The failures of `{service}` are ignored, yet it can write to the shared path {path}.',
      scratch: 'The failures of `{service}` are ignored, yet it can write to the shared scratch directory.',
    },
    { severity, advice: 'Mount it read-only (`:ro`), or let the failure count.' },
  ),
  HPC004: rule(
    'cache-dir-local',
    16,
    {
      main: 'The cache directory {path} lies below {root}, which every node has for itself: compute nodes will not find the images.',
    },
    {
      severity,
      advice: 'Set `x-slurm.cache_dir` to a directory that login and compute nodes share.',
    },
  ),
  HPC005: rule('volume-local', 16, 'The volume {path} lies below {root}, which every node has for itself.', {
    severity,
    advice: 'Use a shared directory for data that other nodes or the login node must see.',
  }),
  HPC006: rule(
    'implicit-condition',
    16,
    'The dependency on `{target}` has no condition; service_started is assumed.',
    {
      severity,
      advice: 'Write the condition: service_started, service_healthy or service_completed_successfully.',
    },
  ),
  HPC007: rule('mutable-tag', 16, 'The image {image} has {tag}, so it can change between two prepares.', {
    severity,
    advice: 'Pin a version tag or a digest (@sha256:…).',
  }),
  HPC008: rule(
    'task-geometry',
    16,
    '{nodes} nodes × {perNode} tasks per node = {product}, but `ntasks` is {tasks}.',
    { severity, advice: 'Change one of the three, or leave one out.' },
  ),
  HPC009: rule('memory-unit', 16, '`{field}` has no unit; Slurm reads {value} as mebibytes.', {
    severity,
    advice: 'Write the unit: {value}M or {value}G.',
  }),
  HPC900: rule(
    'cluster-mismatch',
    16,
    {
      main: '{problem}',
    },
    { severity, advice: 'Change the spec, or refresh the cluster profile .hpc-compose/cluster.toml.' },
  ),
} as const satisfies RuleTable;
