// Image references as hpc-compose reads them (cache contract, section 3). No canonical form: each spelling is its own key.
import type { Backend, ImageSource } from '../model/plan.ts';
import { normaliseHostPath, type PathBase } from './normalise.ts';

/** Why an image cannot be used: rules R140 to R143. */
export type ImageProblem = 'missing' | 'scheme' | 'sif-with-pyxis' | 'sqsh-with-sif' | 'not-an-image-path';

export type ImageResult =
  | { readonly ok: true; readonly source: ImageSource }
  | { readonly ok: false; readonly problem: ImageProblem };

const REMOTE_SCHEMES = ['docker://', 'dockerd://', 'podman://'];
const DOCKER_HUB = 'registry-1.docker.io';

/** Reads the interpolated text of `image`. With backend `host` the text does not matter. */
export function readImage(image: string | undefined, backend: Backend, base: PathBase): ImageResult {
  if (backend === 'host') return { ok: true, source: { kind: 'host' } };
  if (image === undefined) return { ok: false, problem: 'missing' };
  if (image.includes('://')) {
    const known = REMOTE_SCHEMES.some((scheme) => image.startsWith(scheme));
    return known ? remote(image) : { ok: false, problem: 'scheme' };
  }
  return readLocalOrName(image, backend, base);
}

function readLocalOrName(image: string, backend: Backend, base: PathBase): ImageResult {
  const explicit = isExplicitPath(image);
  const sif = isLocalImage(image, explicit, ['.sif']);
  const sqsh = isLocalImage(image, explicit, ['.sqsh', '.squashfs']);
  if (backend === 'pyxis' && sif) return { ok: false, problem: 'sif-with-pyxis' };
  if (backend !== 'pyxis' && sqsh) return { ok: false, problem: 'sqsh-with-sif' };
  if (sqsh || sif) {
    const path = normaliseHostPath(image, base);
    return { ok: true, source: { kind: sqsh ? 'local-sqsh' : 'local-sif', path } };
  }
  return explicit ? { ok: false, problem: 'not-an-image-path' } : remote(`docker://${image}`);
}

/** The registry that a reference names, as manifests and `inspect` show it. */
export function registryOf(reference: string): string {
  const rest = reference.split('://')[1] ?? reference;
  const hash = rest.indexOf('#');
  if (hash >= 0) return rest.slice(0, hash);
  const slash = rest.indexOf('/');
  if (slash < 0) return DOCKER_HUB;
  const first = rest.slice(0, slash);
  return first === 'localhost' || /[.:]/.test(first) ? first : DOCKER_HUB;
}

function remote(reference: string): ImageResult {
  return { ok: true, source: { kind: 'remote', reference, registry: registryOf(reference) } };
}

function isExplicitPath(image: string): boolean {
  return ['/', './', '../', '~/'].some((start) => image.startsWith(start));
}

function isLocalImage(image: string, explicit: boolean, endings: readonly string[]): boolean {
  return endings.some((ending) => image.endsWith(ending) || (explicit && image.includes(ending)));
}
