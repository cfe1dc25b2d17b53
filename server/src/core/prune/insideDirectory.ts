// A directory held open, so that what is done in it cannot be redirected: each component is opened without following links,
// and files are reached through the descriptor. A directory swapped for a link between a look and an act is refused.
import fs from 'node:fs';
import path from 'node:path';
import { OperationFailure } from '../../model/failure.ts';

export interface InsideDirectory {
  readonly fd: number;
  /** Path of a name in this very directory, whatever happens to the directory's own name. */
  readonly at: (name: string | Buffer) => string | Buffer;
  readonly close: () => void;
}

const DIRECTORY = fs.constants.O_RDONLY | fs.constants.O_DIRECTORY | fs.constants.O_NOFOLLOW;

/** Opens a directory by its canonical path. Throws system errors. */
export function openDirectory(real: string): InsideDirectory {
  return held(fs.openSync(real, DIRECTORY), real);
}

/** Opens `relative` below a held directory, component by component. Throws io when a component is a link or no directory. */
export function openBelow(root: InsideDirectory, rootPath: string, relative: string): InsideDirectory {
  let current = held(fs.openSync(String(root.at('.')), DIRECTORY), rootPath);
  for (const part of relative.split('/').filter((name) => name !== '' && name !== '.')) {
    try {
      const next = openChild(current, part, path.join(rootPath, relative));
      current.close();
      current = next;
    } catch (error) {
      current.close();
      throw error;
    }
  }
  return current;
}

function openChild(parent: InsideDirectory, name: string, shown: string): InsideDirectory {
  if (name === '..') throw replaced(shown);
  try {
    return held(fs.openSync(parent.at(name), DIRECTORY), shown);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ELOOP' || code === 'ENOTDIR' ? replaced(shown) : error;
  }
}

function replaced(shown: string): OperationFailure {
  return new OperationFailure('io', {
    path: shown,
    cause: 'a link or a file stands in place of a directory',
  });
}

function held(fd: number, shown: string): InsideDirectory {
  let open = true;
  const base = descriptorPath(fd) ?? shown;
  return {
    fd,
    at: (name) =>
      typeof name === 'string' ? `${base}/${name}` : Buffer.concat([Buffer.from(`${base}/`), name]),
    close: () => {
      if (open) fs.closeSync(fd);
      open = false;
    },
  };
}

/** Only Linux can reach a directory through its descriptor; elsewhere the path has to do. */
function descriptorPath(fd: number): string | undefined {
  return process.platform === 'linux' && fs.existsSync('/proc/self/fd') ? `/proc/self/fd/${fd}` : undefined;
}
