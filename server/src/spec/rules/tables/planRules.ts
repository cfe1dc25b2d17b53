// Rules R068 and R130-R171: what only shows when services are laid out together. Spec contract, section 9.7.
import { rule, type RuleTable } from '../rule.ts';

export const PLAN_RULES = {
  R068: rule('resource-profile', 12, 'There is no resource profile `{name}` in the settings.'),
  R130: rule('no-services', 13, 'A spec needs at least one service.'),
  R131: rule(
    'dependency-condition',
    13,
    'Unknown condition {value}; use service_started, service_healthy or service_completed_successfully.',
    { upstream: 'invalid_dependency_condition' },
  ),
  R132: rule(
    'host-mounts',
    13,
    '`{field}` needs a container, and this spec runs on the host (`runtime.backend: host`).',
  ),
  R134: rule(
    'reserved-mount',
    13,
    '/hpc-compose/job is mounted by hpc-compose itself; choose another target.',
  ),
  R135: rule(
    'entrypoint-form',
    13,
    '`entrypoint` is {entrypoint} and `command` is {command}; write both as text or both as lists.',
  ),
  R136: rule('working-dir-alone', 13, '`working_dir` needs `command`, `entrypoint` or `script` beside it.'),
  R137: rule('host-command', 13, 'A service on the host needs `command`, `entrypoint` or `script`.'),
  R138: rule('container-hook', 13, {
    main: '`{field}` runs in the container, and this spec runs on the host; use `context: host`.',
    command: '`{field}` runs in the container: it needs `command`, `entrypoint` or `script` beside it.',
  }),
  R140: rule('image-missing', 13, 'The service `{service}` needs `image`.', {
    advice: 'Only services with `runtime.backend: host` go without an image.',
  }),
  R141: rule(
    'image-scheme',
    13,
    'Unknown image scheme in {value}; use docker://, dockerd:// or podman://, or no scheme at all.',
  ),
  R142: rule(
    'image-kind',
    13,
    '{value} is {kind}, which `runtime.backend: {backend}` cannot start; use {wanted}.',
  ),
  R143: rule('image-path', 13, 'The local path {value} is no image; images end in {wanted}.'),
  R144: rule('host-prepare', 13, 'On the host there is no image to prepare; remove `prepare`.'),
  R145: rule('prepare-commands', 13, '`{field}` needs at least one command in `commands`.'),
  R146: rule('failure-policy', 13, {
    main: '`{field}` needs `mode: restart_on_failure`.',
    atLeastOne: '`{field}` must be at least 1.',
    window: '`{field}` must be at least 1.',
  }),
  R150: rule('share-with-cycle', 13, 'Placements share each other in a ring: {chain}.'),
  R151: rule('share-with-unknown', 13, 'There is no service `{target}` to share nodes with.'),
  R152: rule('service-nodes', 13, {
    main: '`nodes` is {nodes}, but the job has {allocation}.',
    single: '`nodes` is {nodes}, but the job has one node.',
    partial: '`nodes` is {nodes} of {allocation}: say which ones with `placement`, or use 1 or all of them.',
    placement: '`nodes` is {nodes}, but `placement` gives {resolved}.',
  }),
  R153: rule('node-index', 13, 'There is no node {index}: the job has {allocation}, counted from 0.'),
  R154: rule('node-set', 13, {
    main: '`placement` leaves no node.',
    start: '`start_index` is {start}, but only {eligible} can be chosen, counted from 0.',
    few: '`node_count` is {count}, but only {eligible} can be chosen.',
  }),
  R155: rule('rank-overflow', 13, '{nodes} nodes × {tasks} tasks is more than Slurm can count.'),
  R156: rule('too-many-tasks', 13, 'The service starts {ranks}, but the job has {tasks}.'),
  R157: rule(
    'beyond-allocation',
    13,
    'The service asks for {value} {what}, but the job has only {limit} (`{key}`).',
  ),
  R158: rule(
    'localhost-readiness',
    13,
    'The probe looks at localhost on the first node, but the service runs on {nodes}; give a host name.',
  ),
  R159: rule('placement-overlap', 13, 'The services {first} and {second} both use {nodes}.', {
    advice:
      'Move one of them, share nodes with `placement.share_with`, or set `placement.allow_overlap: true`.',
  }),
  R160: rule('expected-ranks', 13, '`expected_ranks` is {expected}, but the service starts {ranks}.'),
  R161: rule('unknown-dependency', 13, 'There is no service `{target}` to depend on.'),
  R162: rule(
    'health-without-readiness',
    13,
    '`service_healthy` needs `readiness` in the service `{target}`.',
  ),
  R163: rule(
    'dependency-on-ignored',
    13,
    'The failures of `{target}` are ignored (`failure_policy.mode: ignore`), so nothing can depend on it.',
  ),
  R164: rule('dependency-cycle', 13, {
    main: 'Services depend on each other in a ring: {chain}.',
    self: 'The service `{target}` depends on itself.',
  }),
  R170: rule(
    'strict-env',
    15,
    'The variable {name} is not set, and with --strict-env its default may not be used.',
  ),
  R171: rule('cluster-profile', 14, 'The cluster profile {file} cannot be used: {cause}'),
} as const satisfies RuleTable;
