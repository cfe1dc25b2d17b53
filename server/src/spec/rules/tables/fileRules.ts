// Rules R001-R034: files, YAML, `extends`, names of keys. Spec contract, sections 9.1 and 9.2.
import { rule, type RuleTable } from '../rule.ts';

/** The least that a spec says. */
const START_ADVICE =
  'Begin with `services:`, put the name of a service below it, such as `app:`, and its `image:` and `command:` below that.';

export const FILE_RULES = {
  R001: rule('spec-missing', 3, 'The compose file {file} does not exist.', { upstream: 'file_not_found' }),
  R002: rule('dotenv-malformed', 2, {
    main: '{file}, line {line}: expected NAME=value.',
    name: '{file}, line {line}: the variable name before = is empty.',
  }),
  R003: rule('settings-invalid', 1, 'The settings file {file} cannot be used: {cause}'),
  R004: rule('yaml-syntax', 3, 'YAML: {cause}'),
  R005: rule('second-document', 3, 'A spec is one YAML document; a second one starts here.', {
    advice: 'Remove everything from this line on, or put it into a file of its own.',
  }),
  R006: rule('duplicate-key', 3, 'The key `{key}` is given twice.', {
    advice: 'Keep one of them; hpc-compose refuses the file otherwise.',
  }),
  R007: rule('not-a-mapping', 3, 'A spec must be a mapping with `services:`, not {got}.', {
    advice: START_ADVICE,
  }),
  R008: rule('root-extends-type', 4, 'Root `extends` takes the path of one file, not {got}.'),
  R009: rule('extends-unreadable', 4, 'The base file {file} cannot be read: {cause}'),
  R010: rule('extends-file-cycle', 4, 'Files extend each other: {chain}.', {
    advice: 'Remove one `extends` of the ring.',
  }),
  R012: rule('extends-unknown-key', 4, 'Unknown key `{key}` in `extends`; allowed are `service` and `file`.'),
  R013: rule('extends-shape', 4, {
    main: '`extends` of a service takes a name, a file, or {service, file}; not {got}.',
    service: '`extends` needs `service:`, the name of the service to start from.',
    text: '`extends.{key}` must be text, not {got}.',
  }),
  R014: rule('extends-unknown-service', 4, 'There is no service `{target}` in this file to extend.'),
  R015: rule('extends-service-cycle', 4, 'Services extend each other: {chain}.', {
    advice: 'Remove one `extends` of the ring.',
  }),
  R016: rule('extends-base-service', 4, '{file} has no service `{target}` to extend.'),
  R020: rule(
    'unknown-root-key',
    5,
    {
      main: 'Unknown key `{key}` at the top of the spec.',
      merge: 'YAML merge keys (`<<`) are not supported.',
      extension: 'Extension keys such as `{key}` are not supported.',
      compose: '`{key}` is a Docker Compose key that hpc-compose does not have: {why}',
    },
    { upstream: 'unsupported_key' },
  ),
  R021: rule('version-unsupported', 5, 'Spec version {value} is not supported; the only one is "1".', {
    upstream: 'unsupported_version',
    advice: 'Remove the `version` line, or write version: "1".',
  }),
  R022: rule('version-type', 5, '`version` takes "1" or 1, not {got}.', {
    upstream: 'invalid_version',
    advice: 'Remove the `version` line, or write version: "1".',
  }),
  R023: rule('modules-twice', 5, 'Modules are given twice: by `modules` and by `x-env.modules`.', {
    advice: 'Keep one of the two spellings.',
  }),
  R024: rule('sweep-shape', 5, {
    main: '`sweep` must be a mapping with `parameters` and `matrix`, not {got}.',
    spec: '`sweep.spec` is not supported: put the parameters below `sweep` of this file.',
  }),
  R025: rule(
    'services-and-steps',
    5,
    '`steps` is another name for `services`; a spec may have only one of them.',
  ),
  R026: rule('services-missing', 5, 'A spec needs `services:` with at least one service.', {
    advice: START_ADVICE,
    upstream: 'missing_services',
  }),
  R027: rule('services-type', 5, '`{key}` must map names to services, not {got}.', {
    advice:
      'Write each service as its name and a colon, such as `app:`, without a dash, and its keys below, indented.',
    upstream: 'invalid_type',
  }),
  R029: rule(
    'service-type',
    5,
    {
      main: 'The service `{service}` must be a mapping, not {got}.',
      key: '`{service}` stands where names of services do, as if it were one; it is a key of a service: indent it deeper than the service it belongs to.',
    },
    { upstream: 'invalid_type' },
  ),
  R030: rule(
    'unknown-service-key',
    5,
    {
      main: 'Unknown key `{key}` in a service.',
      merge: 'YAML merge keys (`<<`) are not supported.',
      compose: '`{key}` is a Docker Compose key that hpc-compose does not have: {why}',
    },
    { upstream: 'unsupported_key' },
  ),
  R031: rule('script-and-command', 5, '`script` replaces `{other}`; a service may have only one of them.', {
    upstream: 'script_command_conflict',
  }),
  R032: rule('service-allocation-key', 5, '`{key}` belongs to the whole job, not to one service.', {
    upstream: 'unsupported_key',
    advice: 'Move it to the `x-slurm` block at the top of the file.',
  }),
  R033: rule('key-type', 5, {
    main: 'Keys here must be text, not {got}.',
    service: 'A service name must be text, not {got}.',
  }),
  R034: rule('modules-shorthand', 6, {
    main: '`modules` must be a list of module names.',
    item: 'A module name must be text, not {got}.',
    env: '`x-env` must be a mapping when `modules` stands beside it, not {got}.',
  }),
} as const satisfies RuleTable;
