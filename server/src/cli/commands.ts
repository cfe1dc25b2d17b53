// The table of commands. Each loads its code only when it runs, so that --help and small commands start fast.
import type { CommandDefinition, FlagTable } from './command.ts';
import { ROOTFS_COMMANDS } from './rootfs.ts';

const SPEC_FLAGS: FlagTable = {
  file: {
    value: 'FILE',
    short: 'f',
    help: 'Spec to read (default: the settings’ choice, else compose.yaml)',
  },
  format: { value: 'text|json', help: 'Output format' },
};

const TOOL_FLAGS: FlagTable = {
  'enroot-bin': { value: 'PATH', help: 'enroot executable' },
  'apptainer-bin': { value: 'PATH', help: 'apptainer executable' },
  'singularity-bin': { value: 'PATH', help: 'singularity executable' },
  'huggingface-cli-bin': { value: 'PATH' },
};

export const COMMANDS: readonly CommandDefinition[] = [
  {
    path: ['prepare'],
    summary: 'Import and prepare the images of a spec',
    flags: {
      ...SPEC_FLAGS,
      ...TOOL_FLAGS,
      'force-rebuild': { help: 'Build everything again' },
      'keep-failed-prep': { help: 'Leave the root file system of a failed build for inspection' },
      jobs: { value: 'N', help: 'Images built at a time (default: from the cores of this machine)' },
      'fail-fast': { help: 'Stop the others at the first failure' },
      'tool-version': { value: 'V', help: 'hpc-compose version mixed into the keys' },
      'lock-timeout': { value: 'D', help: 'Longest wait for another builder, e.g. 10m (default: 30m)' },
      'build-timeout': { value: 'D', help: 'Limit for one step of the tool (default: none)' },
    },
    positionals: '[FILE]',
    load: async () => (await import('./prepare.ts')).runPrepare,
  },
  ...ROOTFS_COMMANDS,
];
