// From the image as given to the key and the name of its entry. A file is known by what stat says of it, a remote image by the
// digest its registry gives now: tags move. Source: rootfs contract, sections 1.3 and 2.2.
import fs from 'node:fs';
import { resolve } from 'node:path';
import { RootfsFailure } from '../../model/rootfs.ts';
import { proposalHash, rootfsName, strictFileKey, strictRegistryKey, type KeyScheme } from './names.ts';
import type { RootfsPorts } from './rootfsPorts.ts';

export type ImageIdentity = {
  /** As given. */
  readonly image: string;
  readonly key: string;
  readonly keyScheme: KeyScheme;
  readonly name: string;
} & (
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly source: { readonly path: string; readonly size: string; readonly mtimeNs: string };
    }
  | { readonly kind: 'remote'; readonly reference: string; readonly digest?: string }
);

export interface IdentifyOptions {
  readonly cwd: string;
  readonly keyScheme: KeyScheme;
  readonly enroot: string;
  readonly signal?: AbortSignal | undefined;
}

/** True for images that are read from disk rather than fetched. */
export function isImageFile(image: string, cwd: string): boolean {
  if (/^[./]/.test(image) || /\.(sqsh|sqfs|squashfs)$/i.test(image)) return true;
  return (
    !image.includes('://') && fs.statSync(resolve(cwd, image), { throwIfNoEntry: false })?.isFile() === true
  );
}

/** Throws E_IMAGE for files that are not there, E_DIGEST when a registry does not answer. */
export async function identifyImage(
  image: string,
  options: IdentifyOptions,
  ports: RootfsPorts,
): Promise<ImageIdentity> {
  if (isImageFile(image, options.cwd)) return identifyFile(image, options, ports);
  const reference = image.includes('://') ? image : `docker://${image}`;
  const name = (hash: string) => rootfsName(ports.uid, hash);
  if (options.keyScheme === 'pr174') {
    const key = proposalHash(image);
    return { kind: 'remote', image, reference, key, keyScheme: 'pr174', name: name(key) };
  }
  const digest = await findDigest(image, reference, options, ports);
  const key = strictRegistryKey(ports.arch, { repo: repositoryOf(reference), digest });
  return { kind: 'remote', image, reference, digest, key, keyScheme: 'strict', name: name(key.slice(0, 16)) };
}

function identifyFile(image: string, { cwd, keyScheme }: IdentifyOptions, ports: RootfsPorts): ImageIdentity {
  let path;
  let stat;
  try {
    path = fs.realpathSync(resolve(cwd, image));
    stat = fs.statSync(path, { bigint: true });
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new RootfsFailure(
      'E_IMAGE',
      { image, cause: missing ? 'it does not exist.' : (error as Error).message },
      error,
    );
  }
  if (!stat.isFile()) throw new RootfsFailure('E_IMAGE', { image, cause: 'it is not a file.' });
  const key =
    keyScheme === 'pr174'
      ? proposalHash(image, stat)
      : strictFileKey(ports.arch, {
          path,
          dev: stat.dev,
          ino: stat.ino,
          size: stat.size,
          mtimeNs: stat.mtimeNs,
        });
  const source = { path, size: String(stat.size), mtimeNs: String(stat.mtimeNs) };
  return { kind: 'file', image, path, source, key, keyScheme, name: rootfsName(ports.uid, key.slice(0, 16)) };
}

async function findDigest(
  image: string,
  reference: string,
  options: IdentifyOptions,
  ports: RootfsPorts,
): Promise<string> {
  const pinned = /@(sha256:[0-9a-f]{64})$/.exec(reference)?.[1];
  if (pinned) return pinned;
  const result = await ports.run({
    command: options.enroot,
    args: ['digest', '--', reference],
    env: ports.env,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  if (result.startError !== undefined) throw new RootfsFailure('E_NO_ENROOT');
  const digest = /sha256:[0-9a-f]{64}/.exec(result.stdout)?.[0];
  if (result.exitCode === 0 && digest) return digest;
  const cause =
    result.stderr.trim().split('\n').at(-1) || `enroot digest ended with ${result.exitCode ?? '?'}`;
  throw new RootfsFailure('E_DIGEST', { image, cause });
}

/** `docker://[USER@][REGISTRY#]IMAGE[:TAG][@DIGEST]` without user, tag and digest. */
export function repositoryOf(reference: string): string {
  const rest = reference.replace(/@sha256:[0-9a-f]{64}$/, '').replace(/:\/\/[^@/#]*@/, '://');
  return rest.replace(/(?<!:|\/):[^:/#]*$/, '').toLowerCase();
}

/** The words under which people may mean an image: as given, and for a file its real path (last). */
export function imageWords(word: string, cwd: string): string[] {
  if (!isImageFile(word, cwd)) return [word];
  try {
    return [word, fs.realpathSync(resolve(cwd, word))];
  } catch {
    return [word, resolve(cwd, word)];
  }
}
