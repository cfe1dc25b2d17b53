// What a prune removes, written down before it happens, so that a prune that was killed can be told and finished.
// One file per prune, append-only lines of JSON; a finished prune ends with a `done` line.
import fs from 'node:fs';
import path from 'node:path';
import { makeSidecarDirectory, sidecarNames, sidecarPath } from './sidecar.ts';

export interface Journal {
  /** Notes paths, relative to the cache, that are about to be removed. */
  removing(paths: readonly string[]): void;
  /** Notes what became of entries. */
  note(records: readonly Readonly<Record<string, unknown>>[]): void;
  close(): void;
}

const FORGETTING: Journal = {
  removing: () => undefined,
  note: () => undefined,
  close: () => undefined,
};

const KEEP_MS = 30 * 24 * 3600 * 1000;

/** Opens a journal. When nothing will be removed or the cache cannot be written to, gives one that forgets. */
export function openJournal(cacheDir: string, mode: string, needed = true): Journal {
  if (!needed) return FORGETTING;
  try {
    const directory = makeSidecarDirectory(cacheDir, 'journal');
    dropOld(directory);
    const name = `${new Date().toISOString().replace(/[:.]/g, '-')}-${process.pid}.jsonl`;
    const fd = fs.openSync(path.join(directory, name), 'wx', 0o666);
    const write = (...records: unknown[]) =>
      fs.writeSync(fd, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    write({ schema_version: 1, mode, pid: process.pid });
    return {
      removing: (paths) => void write({ removing: paths }),
      note: (records) => void write(...records),
      close: () => {
        write({ done: true });
        fs.closeSync(fd);
      },
    };
  } catch {
    return FORGETTING;
  }
}

/** Paths that an interrupted prune was about to remove. */
export function unfinishedRemovals(cacheDir: string): Set<string> {
  const removals = new Set<string>();
  const directory = sidecarPath(cacheDir, 'journal');
  for (const name of sidecarNames(directory)) {
    for (const removal of unfinishedIn(path.join(directory, name)))
      removals.add(path.join(cacheDir, removal));
  }
  return removals;
}

function unfinishedIn(file: string): string[] {
  try {
    const lines = fs.readFileSync(file, 'utf8').split('\n');
    if (lines.includes('{"done":true}')) return [];
    return lines.filter((line) => line.startsWith('{"removing"')).flatMap(removalsOf);
  } catch {
    return [];
  }
}

/** The last line may be cut off by the death of its writer. */
function removalsOf(line: string): string[] {
  try {
    const { removing } = JSON.parse(line) as { removing: string[] };
    return removing;
  } catch {
    return [];
  }
}

function dropOld(directory: string): void {
  const limit = Date.now() - KEEP_MS;
  for (const name of sidecarNames(directory)) {
    const file = path.join(directory, name);
    const stat = fs.lstatSync(file, { throwIfNoEntry: false });
    if (stat && stat.mtimeMs < limit) fs.rmSync(file, { force: true });
  }
}
