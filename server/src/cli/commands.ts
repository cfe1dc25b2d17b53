// The table of commands. Each loads its code only when it runs, so that --help and small commands start fast.
import { CACHE_COMMANDS } from './cache.ts';
import type { CommandDefinition, FlagTable } from './command.ts';
import { ROOTFS_COMMANDS } from './rootfs.ts';
import { SPEC_INPUT_FLAGS } from './specInputFlags.ts';

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

const CACHE_DIR_FLAGS: FlagTable = {
  'cache-dir': { value: 'DIR', help: 'Cache directory (default: the settings’ choice)', filled: true },
  format: { value: 'text|json', help: 'Output format' },
};

const RENDEZVOUS_COMMANDS: readonly CommandDefinition[] = [
  {
    path: ['rendezvous', 'register'],
    summary: 'Tell other jobs where a service listens',
    flags: {
      host: { value: 'HOST', help: 'Host that clients can reach' },
      port: { value: 'PORT', help: 'Port that clients can reach' },
      'job-id': { value: 'ID', help: 'Job that owns the record (default: SLURM_JOB_ID)' },
      service: { value: 'NAME', help: 'Service that owns the record' },
      protocol: { value: 'WORD', help: 'Protocol of the URL (default: http)' },
      path: { value: 'PATH', help: 'Path of the URL, such as /v1' },
      'ttl-seconds': { value: 'N', help: 'Time until the record expires (default: 3600)' },
      ...CACHE_DIR_FLAGS,
    },
    positionals: 'NAME',
    load: async () => (await import('./rendezvous.ts')).runRegister,
  },
  {
    path: ['rendezvous', 'resolve'],
    summary: 'Show where a service listens',
    flags: CACHE_DIR_FLAGS,
    positionals: 'NAME',
    load: async () => (await import('./rendezvous.ts')).runResolve,
  },
  {
    path: ['rendezvous', 'list'],
    summary: 'List the live rendezvous records',
    flags: CACHE_DIR_FLAGS,
    load: async () => (await import('./rendezvous.ts')).runList,
  },
  {
    path: ['rendezvous', 'prune'],
    summary: 'Remove expired rendezvous records',
    flags: {
      damaged: { help: 'Also remove files that cannot be read as records' },
      'job-id': { value: 'ID', help: 'Also remove every record of this job' },
      ...CACHE_DIR_FLAGS,
    },
    load: async () => (await import('./rendezvous.ts')).runPrune,
  },
];

const SETUP_COMMAND: CommandDefinition = {
  path: ['setup'],
  summary: 'Create or change one profile of .hpc-compose/settings.toml',
  flags: {
    'profile-name': { value: 'NAME', help: 'Profile to write (default: the default profile, else dev)' },
    'compose-file': { value: 'FILE', help: 'Spec of the profile' },
    'env-file': { value: 'FILE', repeat: true, help: 'Env file; replaces the list' },
    env: { value: 'NAME=VALUE', repeat: true, help: 'Variable; replaces the table' },
    binary: { value: 'NAME=PATH', repeat: true, help: 'Executable; replaces the table' },
    'cache-dir': { value: 'DIR', help: 'Cache directory' },
    'login-host': { value: 'HOST', help: 'Login node' },
    'login-user': { value: 'USER', help: 'User on the login node' },
    'default-profile': { value: 'NAME', help: 'Profile used without --profile' },
    clear: { value: 'FIELD', repeat: true, help: 'Remove a value, e.g. cache-dir' },
    'non-interactive': { help: 'Ask nothing' },
    format: { value: 'text|json', help: 'Output format' },
  },
  load: async () => (await import('./setup.ts')).runSetup,
};

const PREFLIGHT_COMMAND: CommandDefinition = {
  path: ['preflight'],
  summary: 'Check that this machine can prepare and run a spec',
  flags: {
    ...SPEC_FLAGS,
    ...TOOL_FLAGS,
    'sbatch-bin': { value: 'PATH', help: 'sbatch executable' },
    'srun-bin': { value: 'PATH', help: 'srun executable' },
    'scancel-bin': { value: 'PATH', help: 'scancel executable' },
    'scontrol-bin': { value: 'PATH', help: 'scontrol executable' },
    'tool-version': { value: 'V', help: 'hpc-compose version mixed into the keys' },
    strict: { help: 'Treat warnings as failures' },
    'fs-probes': { help: 'Let a small job see whether compute nodes share the directories' },
  },
  positionals: '[FILE]',
  load: async () => (await import('./preflight.ts')).runPreflight,
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
  ...CACHE_COMMANDS,
  {
    path: ['validate'],
    summary: 'Judge specs as hpc-compose does: every problem at once, each with its place',
    isShort: true,
    flags: SPEC_INPUT_FLAGS,
    positionals: '[FILE…]',
    load: async () => (await import('./validate.ts')).runValidate,
  },
  {
    path: ['lint'],
    summary: 'Look for what is valid but likely to go wrong; exit 4 with findings',
    flags: {
      ...SPEC_INPUT_FLAGS,
      'allow-warnings': { help: 'Exit 0 when there are warnings only' },
      strict: { help: 'Findings that hpc-compose does not have count for the exit code, too' },
      severity: {
        value: 'CODE=LEVEL',
        repeat: true,
        help: 'error, warning, information, hint or off; may be repeated',
      },
      fix: { help: 'Write assumed conditions of dependencies into the spec' },
      'dry-run': { help: 'With --fix: show the changes, write nothing' },
    },
    positionals: '[FILE…]',
    load: async () => (await import('./lint.ts')).runLint,
  },
  ...ROOTFS_COMMANDS,
  ...RENDEZVOUS_COMMANDS,
  SETUP_COMMAND,
  PREFLIGHT_COMMAND,
];
