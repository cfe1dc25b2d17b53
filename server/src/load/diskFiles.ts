// Files of a spec read at once, for the command line. Each file is read once per value, so that one run sees one state.
import { readFileSync } from 'node:fs';
import type { FileState, SpecFiles } from '../spec/files.ts';

/** Reads synchronously and never answers `pending`. */
export function createDiskFiles(): SpecFiles {
  const known = new Map<string, FileState>();
  return {
    read: (path) => {
      const state = known.get(path) ?? readState(path);
      known.set(path, state);
      return state;
    },
  };
}

function readState(path: string): FileState {
  try {
    return decode(readFileSync(path));
  } catch (error) {
    return failedState(error);
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text of strict UTF-8; anything else is unreadable, as for hpc-compose. */
export function decode(bytes: Uint8Array): FileState {
  try {
    return { kind: 'text', text: UTF8.decode(bytes) };
  } catch {
    return { kind: 'unreadable', reason: 'it is not UTF-8 text' };
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied (EACCES)',
  EISDIR: 'it is a directory (EISDIR)',
  ELOOP: 'too many links (ELOOP)',
};

/** What a failed read says about a file. */
export function failedState(error: unknown): FileState {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' };
  return { kind: 'unreadable', reason: REASONS[code] ?? code };
}
