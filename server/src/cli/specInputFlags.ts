// The flags that `validate` and `lint` share; a file of its own so that --help loads no spec code.
import type { FlagTable } from './command.ts';

export const SPEC_INPUT_FLAGS: FlagTable = {
  file: {
    value: 'FILE',
    short: 'f',
    repeat: true,
    help: 'Spec to read, may be repeated; - is standard input',
  },
  'strict-env': { help: 'Fail when the default of an unset variable would be used' },
  format: { value: 'text|json', help: 'Output format' },
};
