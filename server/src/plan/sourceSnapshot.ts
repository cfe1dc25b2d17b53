// The content hash of a source tree (cache contract, section 2.4), fed entry by entry so that no file is held whole.
import { createHash } from 'node:crypto';

export interface SourceHash {
  link(path: string, target: string | Uint8Array): void;
  /** `size` is the length of all chunks together. */
  file(path: string, executable: boolean, size: number, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** 64 hex digits. */
  digest(): string;
}

/** Entries must come sorted by the bytes of their paths, each once. */
export function createSourceHash(): SourceHash {
  const hash = createHash('sha256').update('hpc-compose-source-v1\0');
  return {
    link: (path, target) => void hash.update(`${path}\0l\0`).update(target).update('\0'),
    file: async (path, executable, size, chunks) => {
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(size));
      hash.update(`${path}\0${executable ? 'x' : 'f'}\0`).update(length);
      for await (const chunk of chunks) hash.update(chunk);
    },
    digest: () => hash.digest('hex'),
  };
}
