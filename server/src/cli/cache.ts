// The rows of the command table that work on a cache directory.
import { runCacheList } from './cacheList.ts';
import { runCachePrune } from './cachePrune.ts';
import type { CommandDefinition, FlagTable } from './command.ts';

const FORMAT: FlagTable = { format: { value: 'text|json', help: 'Output format' } };

const CACHE_DIR: FlagTable = {
  'cache-dir': {
    value: 'DIR',
    help: 'Cache directory (default: from settings, else below HOME)',
    filled: true,
  },
};

const PRUNE_MODES: FlagTable = {
  age: { value: 'DAYS', help: 'Remove what was not used for that many days' },
  'all-unused': { help: 'Remove what no given spec (-f) and no recorded spec refers to' },
  budget: { value: 'SIZE', help: 'Remove the least recently used until the rest fits, e.g. 50GB' },
  'older-versions': { help: 'Remove images whose keys were made by older tool versions' },
  orphans: { help: 'Remove images without manifest, broken entries and leftovers of dead builds' },
  layers: { help: 'Remove layers of enroot’s download cache' },
  runtime: { help: 'Remove image stores of jobs that ended' },
  plan: { value: 'FILE', help: 'Apply a plan saved by --dry-run --format json' },
};

const entryCommand = (word: string, summary: string, load: CommandDefinition['load']): CommandDefinition => ({
  path: ['cache', word],
  summary,
  flags: { ...CACHE_DIR, ...FORMAT },
  positionals: 'PATH…',
  load,
});

export const CACHE_COMMANDS: readonly CommandDefinition[] = [
  {
    path: ['cache', 'list'],
    summary: 'List the entries of a cache',
    flags: {
      ...CACHE_DIR,
      ...FORMAT,
      long: { help: 'Also size, state, pins and totals' },
      rescan: { help: 'Read every manifest instead of trusting the index' },
    },
    load: () => Promise.resolve(runCacheList),
  },
  {
    path: ['cache', 'inspect'],
    summary: 'Show what a prepare of a spec would reuse, and why not',
    isShort: true,
    flags: {
      file: {
        value: 'FILE',
        short: 'f',
        help: 'Spec to read (default: the settings’ choice, else compose.yaml)',
      },
      service: { value: 'NAME', help: 'Only this service' },
      'tool-version': { value: 'V', help: 'hpc-compose version mixed into the keys' },
      ...FORMAT,
    },
    positionals: '[FILE]',
    load: async () => (await import('./cacheInspect.ts')).runCacheInspect,
  },
  {
    path: ['cache', 'prune'],
    summary: 'Remove entries of a cache by one rule, or by a saved plan',
    isShort: true,
    flags: {
      ...PRUNE_MODES,
      file: { value: 'FILE', short: 'f', repeat: true, help: 'Spec whose images are in use; may repeat' },
      ...CACHE_DIR,
      'dry-run': { help: 'Only say what would be removed and why' },
      yes: { help: 'Do not ask' },
      'include-unrecorded': { help: 'With --all-unused: also what is not known to belong to any spec' },
      grace: { value: 'D', help: 'Keep what was used more recently, e.g. 10m' },
      'force-dir': { help: 'Prune a directory that does not look like a cache (never / and home)' },
      'tool-version': { value: 'V', help: 'hpc-compose version that counts as current' },
      ...FORMAT,
    },
    load: () => Promise.resolve(runCachePrune),
  },
  entryCommand(
    'pin',
    'Protect entries from every prune',
    async () => (await import('./cachePins.ts')).runCachePin,
  ),
  entryCommand(
    'unpin',
    'Allow entries to be pruned again',
    async () => (await import('./cachePins.ts')).runCacheUnpin,
  ),
  entryCommand(
    'verify',
    'Check images against their records (all, or those named)',
    async () => (await import('./cacheVerify.ts')).runCacheVerify,
  ),
  entryCommand(
    'adopt',
    'Make entries of a moved cache hits again (all moved, or those named)',
    async () => (await import('./cacheVerify.ts')).runCacheAdopt,
  ),
];
