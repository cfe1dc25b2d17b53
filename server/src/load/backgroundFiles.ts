// Files of open specs for the server: never blocks. The first look answers `pending` and reads in the background; known files
// are looked at again (one stat each) only when asked to.
import { readFile, stat } from 'node:fs/promises';
import type { FileState, SpecFiles } from '../spec/files.ts';
import { decode, failedState } from './diskFiles.ts';

export interface BackgroundFiles extends SpecFiles {
  /** Resolves when nothing is being read any more. */
  settle(): Promise<void>;
  /** Looks at every known file again; true when one of them changed. */
  recheck(): Promise<boolean>;
  /** Forgets a file, or all, so that the next look reads it. */
  forget(path?: string): void;
}

const PENDING: FileState = { kind: 'pending' };

interface Entry {
  state: FileState;
  stamp: string;
}

/** `onRead` is called after each batch of background reads, so that specs which waited are analysed again. */
export function createBackgroundFiles(onRead: () => void): BackgroundFiles {
  const known = new Map<string, Entry>();
  const running = new Map<string, Promise<void>>();
  const start = (path: string) => {
    const reading = readEntry(path).then((entry) => {
      known.set(path, entry);
      running.delete(path);
      if (running.size === 0) onRead();
    });
    running.set(path, reading);
  };
  return {
    read: (path) => {
      const entry = known.get(path);
      if (entry) return entry.state;
      if (!running.has(path)) start(path);
      return PENDING;
    },
    settle: async () => {
      while (running.size > 0) await Promise.all(running.values());
    },
    recheck: async () => {
      const checks = [...known].map(async ([path, entry]) => {
        if ((await stampOf(path)) === entry.stamp) return false;
        known.delete(path);
        return true;
      });
      return (await Promise.all(checks)).includes(true);
    },
    forget: (path) => {
      if (path === undefined) known.clear();
      else known.delete(path);
    },
  };
}

async function readEntry(path: string): Promise<Entry> {
  const stamp = await stampOf(path);
  try {
    return { state: decode(await readFile(path)), stamp };
  } catch (error) {
    return { state: failedState(error), stamp };
  }
}

async function stampOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch {
    return 'absent';
  }
}
