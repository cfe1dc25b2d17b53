// Faults at a chosen system call, by strace where it is there and by a patched fs everywhere.
import { join } from 'node:path';
import { onPath } from './onPath.ts';

export interface Injection {
  /** `EIO`, or `kill`: the call is not executed in both cases. */
  readonly fault: 'EIO' | 'kill';
  readonly call: 'unlink' | 'open';
  /** Which call fails; absent: each. */
  readonly when?: number;
  /** Only calls on this path. */
  readonly path?: string;
}

export interface Injector {
  readonly name: string;
  /** Why it cannot be used here. */
  readonly missing: string | undefined;
  /** Words to put before the command. */
  readonly prefix: (injection: Injection) => string[];
}

const SYSTEM_CALLS = { unlink: 'unlink,unlinkat', open: 'open,openat' } as const;
const FUNCTIONS = { unlink: 'unlinkSync', open: 'openSync' } as const;

export const INJECTORS: readonly Injector[] = [
  {
    name: 'strace',
    missing: onPath('strace') ? undefined : 'strace is not there',
    prefix: ({ fault, call, when, path }) => [
      ...['strace', '-f', '-qq', '-o', '/dev/null'],
      ...(path === undefined ? [] : ['-P', path]),
      ...[
        '-e',
        `inject=${SYSTEM_CALLS[call]}:${fault === 'kill' ? 'signal=KILL' : `error=${fault}`}${when === undefined ? '' : `:when=${when}`}`,
      ],
    ],
  },
  {
    name: 'patched fs',
    missing: undefined,
    prefix: ({ fault, call, when, path }) => [
      'env',
      `NODE_OPTIONS=--import ${join(import.meta.dirname, 'injectFault.mjs')}`,
      `INJECT=${[FUNCTIONS[call], fault, when ?? '', path ?? ''].join(':')}`,
    ],
  },
];
