// What a failed tool said, as a cause that people can act on. The words are those of enroot, apptainer, curl and the kernel.
import { OperationFailure, type FailureCode, type FailureData } from '../../model/failure.ts';
import type { ProcessResult } from '../process.ts';

/** First match wins, so the narrower sign stands first. */
const SIGNS: readonly (readonly [RegExp, FailureCode])[] = [
  [/no space left on device/i, 'no-space'],
  [/disk quota exceeded/i, 'quota'],
  [/file too large|file size limit exceeded/i, 'file-too-large'],
  [/stale file handle|read failed because|squashfs[^]*read failed/i, 'stale-handle'],
  [
    /401 unauthorized|access to the resource is denied|\b(?:401|403)\b.*(?:unauthorized|forbidden)|authentication required/i,
    'registry-auth',
  ],
  [/manifest[^]*(?:unknown|not found)|\bname unknown\b|\b404 not found\b/i, 'image-not-found'],
  [/read-only file system/i, 'read-only'],
];

const CAUSE_LINES = 6;
const SIGXFSZ = 'SIGXFSZ';

/** A step that failed: what it was to do, in words that follow "failed to". */
export interface FailedStep {
  readonly what: string;
  readonly tool: string;
  readonly args: readonly string[];
  readonly result: ProcessResult;
  /** Places that may be full or stale, the likeliest first. */
  readonly data: FailureData;
}

/** The failure of a step: exit status, the verb, and the last lines of stderr; `code` is narrower where the output tells more. */
export function toolFailure(step: FailedStep, mask: (text: string) => string): OperationFailure {
  const { result } = step;
  const ending = endingOf(result);
  const verb = mask(`${step.tool} ${step.args[0] ?? ''}`);
  const lines = tellingLines(mask(result.stderr)).slice(-CAUSE_LINES).join('\n').trim();
  const cause = `${verb} ${ending}${lines === '' ? ' without a message' : `: ${lines}`}`;
  const command = mask([step.tool, ...step.args].map(quoted).join(' '));
  const data = { ...step.data, what: mask(step.what), tool: step.tool, cause, command };
  return new OperationFailure(codeOf(result), data);
}

/** The whole story in one text: the words of the code, and where these name only the place, what was tried and what the tool said. */
export function wholeMessage(failure: OperationFailure): string {
  const { what, cause, kept, room } = failure.data;
  const place = room === undefined ? '' : ` (${room})`;
  const context = what === undefined ? '' : ` (failed to ${what}: ${cause ?? ''})`;
  const text = failure.code === 'tool-failed' ? failure.message : failure.message + place + context;
  return kept === undefined ? text : `${text}\nThe failed state is kept in ${kept}.`;
}

// What went well before says nothing on why it failed.
function tellingLines(stderr: string): string[] {
  const lines = stderr.trimEnd().split('\n');
  const telling = lines.filter((line) => !line.startsWith('[INFO]'));
  return telling.some((line) => line.trim() !== '') ? telling : lines;
}

function endingOf(result: ProcessResult): string {
  if (result.startError !== undefined) return `could not be started (${result.startError})`;
  if (result.signal !== undefined) return `was ended by ${result.signal}`;
  return `exited with ${result.exitCode ?? '?'}`;
}

function codeOf(result: ProcessResult): FailureCode {
  if (result.startError === 'ENOENT' || result.startError === 'EACCES') return 'tool-missing';
  if (result.signal === SIGXFSZ || result.exitCode === 128 + 25) return 'file-too-large';
  return SIGNS.find(([sign]) => sign.test(result.stderr))?.[1] ?? 'tool-failed';
}

function quoted(word: string): string {
  return /^[\w@%+=:,./#-]+$/.test(word) ? word : `'${word.replace(/'/g, `'\\''`)}'`;
}
