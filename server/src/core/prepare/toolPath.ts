// Finds the program that builds images, before anything is written.
import { join } from 'node:path';
import { OperationFailure } from '../../model/failure.ts';
import { isExecutable } from '../executable.ts';

/**
 * The path of an executable: a name with a slash as it is, any other searched in PATH.
 * Throws tool-missing. Cache contract, section 6.1.
 */
export function findTool(tool: string, name: string, path: string | undefined): string {
  if (/[/\\]/.test(name)) {
    if (isExecutable(name)) return name;
    throw new OperationFailure('tool-missing', { tool, path: name });
  }
  for (const directory of (path ?? '').split(':')) {
    const candidate = join(directory === '' ? '.' : directory, name);
    if (isExecutable(candidate)) return candidate;
  }
  throw new OperationFailure('tool-missing', { tool, path: name });
}
