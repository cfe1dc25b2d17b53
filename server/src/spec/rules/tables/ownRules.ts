// Rules HX001…: findings that only we have. Never errors, and never on a guess. Weak spots of hpc-compose are named W….
import { LATER_STAGE, rule, type RuleTable } from '../rule.ts';

const warning = { severity: 'warning' } as const;
const information = { severity: 'information' } as const;
const hint = { severity: 'hint' } as const;

export const OWN_RULES = {
  HX001: rule(
    'file-too-large',
    17,
    {
      main: 'The file is {size}; files over 5 MB are not checked.',
      line: 'This line has more than {count} words and signs; a file with such a line is not checked.',
    },
    information,
  ),
  HX002: rule('positional-form', 17, 'A list stands here for a mapping, its values taken in order.', {
    ...warning,
    advice: 'Write the keys: hpc-compose accepts the list by accident only.',
  }),
  HX003: rule('shell-syntax', LATER_STAGE, 'Shell: {problem}.', warning),
  HX004: rule('shellcheck', LATER_STAGE, 'SC{number}: {problem}', information),
  HX005: rule(
    'cache-resolves-local',
    LATER_STAGE,
    '{path} is really {real}, below {root}, which every node has for itself.',
    {
      ...warning,
      advice: 'Choose a directory that login and compute nodes share.',
    },
  ),
  HX006: rule(
    'cache-local-fs',
    LATER_STAGE,
    '{path} is on {mount} ({type}), a file system of this machine alone.',
    {
      ...information,
      advice: 'Choose a shared directory, or name it in hpcCompose.cache.sharedRoots if nodes do share it.',
    },
  ),
  HX007: rule('cache-missing', LATER_STAGE, '{path} does not exist yet; the first prepare makes it.', hint),
  HX008: rule('cache-not-writable', LATER_STAGE, 'You cannot write to {path}.', warning),
  HX009: rule(
    'cache-world-writable',
    LATER_STAGE,
    'Everybody can write to {path}, so anybody could replace your images.',
    {
      ...warning,
      advice: 'Run: chmod o-w {path}',
    },
  ),
  HX010: rule('cache-low-space', LATER_STAGE, '{path} has only {free} left.', {
    ...warning,
    advice: 'Prune the cache, or choose a directory with more room.',
  }),
  HX011: rule(
    'path-not-answering',
    LATER_STAGE,
    '{path} did not answer within {seconds} s; nothing more is known about it.',
    {
      ...information,
      advice: 'The mount may hang; try `ls` there in a terminal.',
    },
  ),
  HX013: rule(
    'temp-dir-shared',
    LATER_STAGE,
    '{path} is on {type}: unpacking there is slow and can fail with stale handles.',
    {
      ...hint,
      advice: 'Set `x-slurm.enroot_temp_dir` to a directory of this machine.',
    },
  ),
  HX014: rule(
    'cache-local-root',
    LATER_STAGE,
    '{path} lies below {root}, which your settings call local to a node.',
    warning,
  ),
  HX015: rule(
    'volume-resolves-local',
    LATER_STAGE,
    '{path} is really {real}, below {root}, which every node has for itself.',
    warning,
  ),
  HX020: rule('image-implausible', 17, '{value} does not look like an image name: {problem}.', warning),
  HX021: rule('resource-implausible', 17, '`{field}`: {problem}.', warning),
  HX022: rule(
    'variable-left-to-shell',
    17,
    'hpc-compose puts no value in for {name} here: the shell of the job will look for it.',
    { ...hint, advice: 'Give it to the service in `environment`, unless the image or the job has it.' },
  ),
  HX023: rule(
    'named-volume',
    17,
    '`{value}` is taken as the directory ./{value} of the project; there are no named volumes.',
    {
      ...warning,
      advice: 'Write ./{value} if that is meant.',
    },
  ),
  HX024: rule('mount-target-twice', 17, 'Another volume is mounted at {target} already.', warning),
  HX025: rule('duplicate-entry', 17, '{what} is given twice.', warning),
  HX026: rule('time-relation', 17, '{problem}', warning),
  HX027: rule('resource-relation', 17, '{problem}', warning),
  HX028: rule('path-risk', 17, '`{field}`: {problem}.', warning),
  HX029: rule('readiness-implausible', 17, '`{field}`: {problem}.', warning),
  HX030: rule('service-name-risk', 17, 'The service name {value} {problem}.', warning),
  HX031: rule(
    'ignored-on-host',
    17,
    '`{field}` is ignored: this spec runs on the host (`runtime.backend: host`).',
    information,
  ),
  HX032: rule(
    'restart-window',
    17,
    'The limit of {window} restarts in a window can never be reached: there are only {restarts} restarts.',
    warning,
  ),
  HX033: rule('empty-block', 17, '`{key}` is empty, so the default applies.', hint),
  HX034: rule(
    'oversized-allocation',
    17,
    '`{field}`: {value} is more than any cluster has; a typing mistake?',
    warning,
  ),
  HX035: rule(
    'rendezvous-unregistered',
    17,
    'No service of this spec registers `{name}`; another job must.',
    hint,
  ),
  HX036: rule(
    'rebuild-on-prepare',
    17,
    'With `prepare.mounts` the image is built again by every prepare.',
    information,
  ),
  HX037: rule('email-implausible', 17, '{value} does not look like a mail address.', {
    ...warning,
    advice: 'Write name@example.org, or the name of a user of the cluster.',
  }),
  HX038: rule(
    'suppression-useless',
    17,
    {
      main: 'There is no finding {code} here to ignore.',
      rule: '{code} decides the verdict and cannot be ignored.',
    },
    hint,
  ),
  HX039: rule('empty-command', 17, 'An empty command does nothing; remove it.', hint),
} as const satisfies RuleTable;
