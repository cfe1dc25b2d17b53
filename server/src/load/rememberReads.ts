// What is made of files, made again only when one of them says something else: for what every keystroke asks anew.
import type { FileState, SpecFiles } from '../spec/files.ts';

/** Gives what `make` gives, which reads files through what it is handed; the very same value while all that it read is the same. */
export function rememberReads<T>(files: SpecFiles, make: (files: SpecFiles) => T): () => T {
  let last: { readonly value: T; readonly reads: ReadonlyMap<string, FileState> } | undefined;
  return () => {
    if (last && [...last.reads].every(([path, state]) => files.read(path) === state)) return last.value;
    const reads = new Map<string, FileState>();
    const read = (path: string) => {
      const state = files.read(path);
      reads.set(path, state);
      return state;
    };
    last = { value: make({ read }), reads };
    return last.value;
  };
}
