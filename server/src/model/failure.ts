// Expected failures as facts: a closed union of codes, and one table of the words people read for each.

export type FailureCode =
  | 'spec-invalid'
  | 'spec-surroundings'
  | 'settings-invalid'
  | 'usage'
  | 'tool-missing'
  | 'tool-failed'
  | 'registry-auth'
  | 'image-not-found'
  | 'no-space'
  | 'no-inodes'
  | 'quota'
  | 'stale-handle'
  | 'file-too-large'
  | 'read-only'
  | 'permission'
  | 'lock-busy'
  | 'lock-unsupported'
  | 'lock-unsafe'
  | 'cache-missing'
  | 'not-a-cache'
  | 'artifact-missing'
  | 'artifact-unusable'
  | 'name-too-long'
  | 'plan-stale'
  | 'not-confirmed'
  | 'untrusted'
  | 'unsupported-platform'
  | 'rootfs'
  | 'setup-invalid'
  | 'rendezvous-invalid'
  | 'rendezvous-missing'
  | 'io';

export interface FailureWords {
  /** What happened; `{name}` is replaced by data of that name. */
  readonly message: string;
  /** What to do next. */
  readonly hint: string;
}

export const FAILURES: Readonly<Record<FailureCode, FailureWords>> = {
  'spec-invalid': {
    message: 'The spec {path} has errors.',
    hint: 'Mend the errors that are shown (in an editor: under Problems), then try again.',
  },
  'spec-surroundings': {
    message: 'What the spec {path} needs beside it cannot be used: {cause}',
    hint: 'Mend or make the named file, or set the named variable.',
  },
  'settings-invalid': {
    message: 'The settings file {path} cannot be used: {cause}',
    hint: 'Mend the named line.',
  },
  usage: { message: '{cause}', hint: 'See --help.' },
  'tool-missing': {
    message: '{tool} was not found.',
    hint: 'Install {tool}, load its module, or name it in the settings (hpcCompose.{tool}.path) or with --{tool}-bin.',
  },
  'tool-failed': {
    message: 'failed to {what}: {cause}',
    hint: 'The log holds the whole command and its output.',
  },
  'registry-auth': {
    message: 'The registry refused access to {image}.',
    hint: 'Add credentials for the registry to ~/.config/enroot/.credentials, or check the image name.',
  },
  'image-not-found': { message: 'The registry has no image {image}.', hint: 'Check the name and the tag.' },
  'no-space': {
    message: 'No space left in {path}.',
    hint: 'Prune the cache or choose a directory with more room.',
  },
  'no-inodes': {
    message: 'No file entries (inodes) left in {path}.',
    hint: 'Remove small files there, or choose another directory.',
  },
  quota: { message: 'The quota of {path} is used up.', hint: 'Prune the cache or ask for more quota.' },
  'stale-handle': {
    message: 'The network file system lost {path} (stale handle).',
    hint: 'Try again; if it stays, remount or choose a local temporary directory (enroot_temp_dir).',
  },
  'file-too-large': {
    message: 'A file in {path} may not grow as large as needed.',
    hint: 'Raise the file size limit (ulimit -f).',
  },
  'read-only': { message: '{path} is read-only.', hint: 'Choose a directory that you can write to.' },
  permission: {
    message: 'Permission denied: {path}.',
    hint: 'Ask the owner of the directory, or choose another one.',
  },
  'lock-busy': {
    message: 'Another process is working on {path}.',
    hint: 'Wait until it ends, then try again.',
  },
  'lock-unsupported': {
    message: 'The file system of {path} cannot lock files.',
    hint: 'Mount it with locking (NFS: lockd), or choose another cache directory.',
  },
  'lock-unsafe': {
    message: 'The lock {path} is not a plain file of ours.',
    hint: 'Look who put it there; remove it if it is not needed.',
  },
  'cache-missing': {
    message: 'The cache directory {path} does not exist.',
    hint: 'It is made by the first prepare; check the path if you expected one.',
  },
  'not-a-cache': {
    message: '{path} does not look like a cache: {missing}.',
    hint: 'Check the path; --force-dir overrides (never for / and home).',
  },
  'artifact-missing': { message: 'The image {path} does not exist.', hint: 'Check the path in the spec.' },
  'artifact-unusable': {
    message: '{path} cannot be used: {cause}',
    hint: 'Remove or rename what is there, then try again.',
  },
  'name-too-long': {
    message: 'The service name {service} makes a file name longer than {limit} bytes.',
    hint: 'Choose a shorter service name.',
  },
  'plan-stale': { message: 'The plan was made for another state of {path}.', hint: 'Make the plan again.' },
  'not-confirmed': {
    message: 'Nothing was removed: to {action} needs a yes.',
    hint: 'Look at it with --dry-run, then answer y in a terminal or give --yes.',
  },
  untrusted: { message: 'This workspace is not trusted.', hint: 'Trust the workspace to prepare or prune.' },
  'unsupported-platform': {
    message: 'Images can be prepared on Linux only.',
    hint: 'Connect by Remote-SSH to a login node of the cluster.',
  },
  // The rootfs cache has codes and words of its own: model/rootfs.ts.
  rootfs: { message: '{words}', hint: '{advice}' },
  'setup-invalid': { message: '{cause}', hint: 'See setup --help.' },
  'rendezvous-invalid': {
    message: 'The rendezvous record cannot be used: {cause}.',
    hint: 'Mend the named value; `rendezvous prune --damaged` removes files that are no records.',
  },
  'rendezvous-missing': {
    message: "no live rendezvous record named '{name}' found under {path}: {why}.",
    hint: 'Check the name and the cache directory; `rendezvous list` shows what is live.',
  },
  io: { message: 'Reading or writing {path} failed: {cause}', hint: 'The log holds the details.' },
};

export type FailureData = Readonly<Record<string, string | number>>;

/** An operation failed in a way that can be expected. Everything else that is thrown is a bug or a cancellation. */
export class OperationFailure extends Error {
  readonly code: FailureCode;
  readonly data: FailureData;
  override readonly name = 'OperationFailure';

  constructor(code: FailureCode, data: FailureData = {}, cause?: unknown) {
    super(fillWords(FAILURES[code].message, data), { cause });
    this.code = code;
    this.data = data;
  }

  /** What the person can do next. */
  get hint(): string {
    return fillWords(FAILURES[this.code].hint, this.data);
  }
}

/** What to do next after a failure of which only the code is known; empty when its words need more. */
export function hintFor(code: string): string {
  const words = (FAILURES as Readonly<Record<string, FailureWords | undefined>>)[code];
  const hint = fillWords(words?.hint ?? '', { tool: 'enroot' });
  return /\{\w+\}/.test(hint) ? '' : hint;
}

function fillWords(words: string, data: FailureData): string {
  return words.replace(/\{(\w+)\}/g, (whole, name: string) => (name in data ? String(data[name]) : whole));
}
