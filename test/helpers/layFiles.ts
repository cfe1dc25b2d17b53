// Lays small trees of files out below a root, as recorded vectors describe them.
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface FileTree {
  readonly files: Readonly<Record<string, string>>;
  readonly symlinks?: Readonly<Record<string, string>>;
  readonly dirs?: readonly string[];
  /** Octal texts. */
  readonly modes?: Readonly<Record<string, string>>;
}

/** Writes the tree; `${ROOT}` in texts and link targets stands for the root. */
export function layFiles(root: string, tree: FileTree): void {
  const place = (name: string) => {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    return path;
  };
  for (const name of tree.dirs ?? []) mkdirSync(join(root, name), { recursive: true });
  for (const [name, text] of Object.entries(tree.files)) writeFileSync(place(name), atRoot(text, root));
  for (const [name, target] of Object.entries(tree.symlinks ?? {}))
    symlinkSync(atRoot(target, root), place(name));
  for (const [name, mode] of Object.entries(tree.modes ?? {}))
    chmodSync(join(root, name), Number.parseInt(mode, 8));
}

/** `${ROOT}` replaced everywhere in a JSON value. */
export function atRoot<T>(value: T, root: string): T {
  return JSON.parse(JSON.stringify(value).replaceAll('${ROOT}', JSON.stringify(root).slice(1, -1))) as T;
}
