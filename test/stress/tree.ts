// The trees of the stress program: so many files with known contents that a missing or foreign one is noticed.
import fs from 'node:fs';
import path from 'node:path';

const FILES = 40;

/** Makes the tree of an image. */
export function makeTree(folder: string, image: string): void {
  for (let index = 0; index < FILES; index++) {
    const file = path.join(folder, fileName(index));
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, contentOf(image, index));
  }
}

/** What is wrong with an unpacked tree, or undefined. */
export function problemOf(folder: string, image: string): string | undefined {
  for (let index = 0; index < FILES; index++) {
    const file = path.join(folder, fileName(index));
    try {
      if (fs.readFileSync(file, 'utf8') !== contentOf(image, index))
        return `${fileName(index)} has another content`;
    } catch (error) {
      return `${fileName(index)}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`;
    }
  }
  return undefined;
}

function fileName(index: number): string {
  return `d${index % 5}/f${index}`;
}

function contentOf(image: string, index: number): string {
  return `${image} ${index}\n`.repeat(10);
}
