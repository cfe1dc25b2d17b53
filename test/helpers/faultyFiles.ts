// The real file system with one call that fails: the injected twin of strace's fault injection, needing no rights.
import { nodeFiles, type FileSystem } from '../../server/src/core/files.ts';

export interface Fault {
  readonly call: keyof FileSystem;
  readonly errno: string;
  /** Which call of that name fails, from 1; absent: every one. */
  readonly when?: number;
  /** Fails only for paths that contain this. */
  readonly path?: string;
  /** Does the work before it fails, as a network file system that lost the reply. */
  readonly done?: true;
}

/** A file system with a fault; `calls` lists each call by name, in order, with its last path. */
export function faultyFiles(...faults: readonly Fault[]): FileSystem & { readonly calls: string[] } {
  const calls: string[] = [];
  const counts = new Map<Fault, number>();
  const failing = (name: keyof FileSystem, args: readonly unknown[]) =>
    faults.find((fault) => {
      if (fault.call !== name) return false;
      if (fault.path !== undefined && !args.some((arg) => String(arg).includes(fault.path ?? '')))
        return false;
      const count = (counts.get(fault) ?? 0) + 1;
      counts.set(fault, count);
      return fault.when === undefined || fault.when === count;
    });
  const wrapped = Object.entries(nodeFiles).map(([name, call]) => {
    const run = (...args: unknown[]) => {
      calls.push(`${name} ${args.filter((arg) => typeof arg === 'string').at(-1) ?? ''}`.trim());
      const fault = failing(name as keyof FileSystem, args);
      const work = call as (...given: unknown[]) => unknown;
      if (!fault) return work(...args);
      if (fault.done) work(...args);
      throw systemError(fault.errno, name);
    };
    const later = (...args: unknown[]) => Promise.resolve().then(() => run(...args));
    return [name, name === 'fsync' || name === 'removeTree' ? later : run];
  });
  return { ...(Object.fromEntries(wrapped) as unknown as FileSystem), calls };
}

/** An error as Node throws it for a failed system call. */
export function systemError(errno: string, call: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${errno}: injected, ${call}`), { code: errno, syscall: call });
}
