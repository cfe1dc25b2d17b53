// The table of the rootfs commands. Flags that several of them take are written once.
import type { CommandDefinition, FlagTable } from './command.ts';

const COMMON: FlagTable = {
  base: { value: 'DIR', help: 'The cache root (default: container_cache_data_path of plugstack)' },
  plugstack: {
    value: 'FILE',
    help: 'Where the site configures pyxis (default: /etc/slurm/plugstack.conf, with its includes)',
  },
  format: { value: 'text|json', help: 'Form of the result' },
  'allow-network-fs': { help: 'Use a directory on a network file system' },
};

const LIMITS: FlagTable = {
  high: { value: 'PERCENT', help: 'Collect from this fill level on (default 85)' },
  low: { value: 'PERCENT', help: 'Stop below this fill level (default 80)' },
  'max-bytes': { value: 'SIZE', help: 'Budget of the cache itself, e.g. 200GiB (default: none)' },
  'min-free': { value: 'SIZE', help: 'Keep this much free (default: 0)' },
  'min-age': { value: 'DURATION', help: 'Keep what was used more recently (default 2m)' },
  'foreign-min-age': { value: 'DURATION', help: 'The same for entries of other tools (default 6h)' },
  'max-age': { value: 'DURATION', help: 'Remove what was not used for longer, at any fill level' },
  'inode-high': { value: 'PERCENT', help: 'As --high, for inodes (default 95)' },
  'inode-low': { value: 'PERCENT', help: 'As --low, for inodes (default 90)' },
  'usage-formula': { value: 'df|pr174', help: 'How fullness is measured (default df)' },
  fairness: { value: 'lru|share', help: 'Whose entries go first (default lru)' },
  futile: { value: 'keep|evict', help: 'What to do when no eviction can help (default keep)' },
};

const BUILD: FlagTable = {
  'key-scheme': { value: 'strict|pr174', help: 'How entries are named (default strict)' },
  'lock-timeout': { value: 'DURATION', help: 'Wait for the entry at most (default 60s)' },
  'build-timeout': { value: 'DURATION', help: 'Unpack at most (default 30m)' },
  'max-processors': { value: 'N', help: 'Processors for unpacking (default: as enroot is configured)' },
  nice: { value: 'N', help: 'Niceness of unpacking (default 10)' },
  'no-sync': { help: 'Do not wait until the unpacked files are on disk' },
  sha256: { value: 'HEX', help: 'Refuse an image file with other contents, before unpacking' },
  'no-forecast': { help: 'Start unpacking without knowing whether it fits' },
  'enroot-bin': { value: 'PATH', help: 'enroot to use' },
  'container-cache': {},
  'container-writable': {},
  'container-save': { value: 'PATH' },
  'container-name': { value: 'NAME' },
};

export const ROOTFS_COMMANDS: readonly CommandDefinition[] = [
  {
    path: ['rootfs', 'acquire'],
    summary: 'Unpack an image into the rootfs cache, or reuse it',
    positionals: 'IMAGE',
    flags: { ...COMMON, ...BUILD, ...LIMITS },
    load: async () => (await import('./rootfsAcquire.ts')).acquireCommand,
  },
  {
    path: ['rootfs', 'exec'],
    summary: 'Run a command in a cached rootfs, read-only, and give its exit status',
    positionals: 'IMAGE [-- COMMAND…]',
    flags: {
      ...COMMON,
      ...BUILD,
      ...LIMITS,
      mount: { value: 'SOURCE:TARGET', help: 'Mount something into the container', repeat: true, short: 'm' },
      env: { value: 'KEY[=VALUE]', help: 'Set a variable in the container', repeat: true, short: 'e' },
      root: { help: 'Be root inside', short: 'r' },
      conf: { value: 'FILE', help: 'Configuration script of enroot', short: 'c' },
      rw: {},
    },
    load: async () => (await import('./rootfsAcquire.ts')).execCommand,
  },
  {
    path: ['rootfs', 'list'],
    summary: 'List unpacked root filesystems, least recently used first',
    flags: {
      ...COMMON,
      high: LIMITS.high ?? {},
      low: LIMITS.low ?? {},
      'usage-formula': LIMITS['usage-formula'] ?? {},
    },
    load: async () => (await import('./rootfsList.ts')).listCommand,
  },
  {
    path: ['rootfs', 'gc'],
    summary: 'Evict least recently used root filesystems when limits are exceeded',
    flags: {
      ...COMMON,
      ...LIMITS,
      'dry-run': { help: 'Show what would go; take no lock, write nothing' },
      reason: { value: 'TEXT', help: 'Who asks, for the record (e.g. epilog)' },
    },
    load: async () => (await import('./rootfsGc.ts')).gcCommand,
  },
  {
    path: ['rootfs', 'verify'],
    summary: 'Check that entries still hold what was unpacked',
    positionals: '[NAME|IMAGE…]',
    flags: COMMON,
    load: async () => (await import('./rootfsEntries.ts')).verifyCommand,
  },
  {
    path: ['rootfs', 'pin'],
    summary: 'Never evict these entries',
    positionals: 'NAME|IMAGE…',
    flags: COMMON,
    load: async () => (await import('./rootfsEntries.ts')).pinCommand,
  },
  {
    path: ['rootfs', 'unpin'],
    summary: 'Allow eviction again',
    positionals: 'NAME|IMAGE…',
    flags: COMMON,
    load: async () => (await import('./rootfsEntries.ts')).unpinCommand,
  },
  {
    path: ['rootfs', 'as-user'],
    summary: "Part of root's collection that runs with one user's rights (not for people)",
    flags: {},
    load: async () => (await import('./rootfsGc.ts')).asUserCommand,
  },
  {
    path: ['rootfs', 'scan-part'],
    summary: "Part of root's look at all users (not for people)",
    flags: {},
    load: async () => (await import('./rootfsGc.ts')).scanPartCommand,
  },
];
