// What kind of thing an `image` names, for a backend that starts containers. Spec contract, section 6.6.
import { problemOf, type Problem } from './parsed.ts';

const SCHEMES = ['docker://', 'dockerd://', 'podman://'] as const;
const PATH_STARTS = ['/', './', '../', '~/'] as const;

export type ImageKind = 'remote' | 'sqsh' | 'sif';

/** The rule that a bad image breaks. */
export type ImageProblem = Problem & { readonly rule: 'R141' | 'R142' | 'R143' };

/** True for a text that names a file by its beginning. */
export function startsAsPath(image: string): boolean {
  return PATH_STARTS.some((start) => image.startsWith(start));
}

function endsOrHolds(image: string, ending: string): boolean {
  return image.endsWith(ending) || (startsAsPath(image) && image.includes(ending));
}

/** `backend` is pyxis, apptainer or singularity; on the host images are not read at all. */
export function parseImage(
  image: string,
  backend: string,
): { readonly ok: true; readonly value: ImageKind } | ImageProblem {
  if (image.includes('://')) {
    return SCHEMES.some((scheme) => image.startsWith(scheme))
      ? { ok: true, value: 'remote' }
      : { ...problemOf('scheme'), rule: 'R141' };
  }
  const sif = endsOrHolds(image, '.sif');
  const sqsh = endsOrHolds(image, '.sqsh') || endsOrHolds(image, '.squashfs');
  if (backend === 'pyxis' ? sif : sqsh) return { ...problemOf('kind'), rule: 'R142' };
  if (sqsh) return { ok: true, value: 'sqsh' };
  if (sif) return { ok: true, value: 'sif' };
  if (startsAsPath(image)) return { ...problemOf('path'), rule: 'R143' };
  return { ok: true, value: 'remote' };
}

/** How a remote image is pinned: `pinned` by digest or tag, `latest`, or `none` for no or an empty tag. Lint rule HPC007. */
export function tagOf(image: string): 'pinned' | 'latest' | 'none' {
  const scheme = image.indexOf('://');
  const path = (scheme < 0 ? image : image.slice(scheme + 3)).split('#').at(-1) ?? '';
  if (path.includes('@sha256:')) return 'pinned';
  const name = path.slice(path.lastIndexOf('/') + 1);
  const colon = name.lastIndexOf(':');
  const tag = colon < 0 ? '' : name.slice(colon + 1);
  if (tag === '') return 'none';
  return tag.toLowerCase() === 'latest' ? 'latest' : 'pinned';
}

/** The part of a backend's answer that a message needs: what it can start from a file. */
export function wantedImageOf(backend: string): string {
  return backend === 'pyxis' ? 'a .sqsh or .squashfs file' : 'a .sif file';
}
