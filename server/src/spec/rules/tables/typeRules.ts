// Rules R040-R047 and R060-R067: types of values, variables, environment files. Spec contract, sections 9.3 and 9.4.
import { rule, type RuleTable } from '../rule.ts';

export const TYPE_RULES = {
  R040: rule('wrong-type', 7, {
    main: '`{field}` must be {expected}, not {got}.',
    range: '`{field}` must be {expected}; {got} is out of range.',
    quote: '`{field}` must be text: quote the value.',
    variable: '`{field}` takes a number as written; variables are not expanded in numbers.',
  }),
  R041: rule('unknown-key', 7, 'Unknown key `{key}` in `{field}`.'),
  R042: rule('missing-key', 7, '`{field}` needs the key `{key}`.'),
  R043: rule('unknown-word', 7, '`{field}` cannot be {got}; allowed: {expected}.'),
  R044: rule('no-form-fits', 7, {
    main: '`{field}` must be {expected}, not {got}.',
    quote: '`{field}` must be text: quote the value.',
    key: 'Unknown key `{key}` in `{field}`.',
    missing: '`{field}` needs the key `{key}`.',
  }),
  R045: rule('mpi-type', 7, '`{field}` {problem}.'),
  R046: rule(
    'signal-name',
    7,
    'Unknown signal {got}; use HUP, INT, QUIT, USR1, USR2, TERM, or 1, 2, 3, 10, 12, 15.',
  ),
  R047: rule('sweep-matrix', 7, '`sweep.matrix` must be `full`, or a mapping with `random` and `seed`.'),
  R053: rule('secret-unavailable', 8, {
    main: 'The file {file} of secret `{name}` cannot be read: {cause}',
    env: 'The secret `{name}` comes from the variable {variable}, which is not set.',
  }),
  R060: rule('missing-variable', 9, 'The variable {name} is not set.'),
  R061: rule(
    'required-variable',
    9,
    {
      main: 'The variable {name} is required: {text}',
      unset: 'The variable {name} is required but not set.',
      empty: 'The variable {name} is required but empty.',
    },
    { upstream: 'required_variable_unset' },
  ),
  R062: rule('variable-syntax', 9, '`{expression}` is no variable expression.', {
    advice:
      'Forms: $NAME, ${NAME}, ${NAME:-default}, ${NAME-default}, ${NAME:?message}, ${NAME?message}; $$ is a dollar sign.',
  }),
  R063: rule('variable-unterminated', 9, 'The closing brace of `{expression}` is missing.'),
  R064: rule('env-file-missing', 10, 'The env_file {file} does not exist.', {
    upstream: 'env_file_not_found',
  }),
  R065: rule('env-file-malformed', 10, '{file}, line {line}: {problem}', {
    upstream: 'env_file_malformed_line',
  }),
  R066: rule('env-file-unreadable', 10, 'The env_file {file} cannot be read: {cause}'),
  R067: rule('environment-item', 9, 'An item of `{field}` must be NAME=value; the = is missing.', {
    upstream: 'invalid_environment_entry',
  }),
} as const satisfies RuleTable;
