// The real files behind plugstack: text where it may be read, shell patterns with * ? and [...].
import fs from 'node:fs';
import { join } from 'node:path';
import { readPlugstack, type PlugstackFiles, type PlugstackOptions } from './plugstack.ts';

export const DEFAULT_PLUGSTACK = '/etc/slurm/plugstack.conf';

const files: PlugstackFiles = {
  read: (path) => {
    try {
      return fs.readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  },
  glob: (pattern) =>
    pattern
      .split('/')
      .slice(1)
      .reduce<readonly string[]>(
        (found, part) => found.flatMap((directory) => matches(directory, part)),
        ['/'],
      ),
};

/** Options that the site gave pyxis, or undefined when there are none or they cannot be read. */
export function loadPlugstack(path: string = DEFAULT_PLUGSTACK): PlugstackOptions | undefined {
  return readPlugstack(path, files);
}

function matches(directory: string, part: string): string[] {
  if (!/[*?[]/.test(part)) return [join(directory, part)];
  const pattern = new RegExp(
    `^${part
      .replace(/[.+^${}()|\\]/g, '\\$&')
      .replace(/\*/g, '[^/]*')
      .replace(/\?/g, '[^/]')
      .replace(/\[!/g, '[^')}$`,
  );
  try {
    return fs
      .readdirSync(directory)
      .filter((name) => (part.startsWith('.') || !name.startsWith('.')) && pattern.test(name))
      .sort()
      .map((name) => join(directory, name));
  } catch {
    return [];
  }
}
