// Image references as hpc-compose reads them (cache contract, section 3). No canonical form: each spelling is its own key.
import type { Backend, ImageSource } from '../model/plan.ts';
import { parseImage } from '../spec/grammar/image.ts';
import { resolveHostPath } from '../spec/grammar/localPath.ts';
import type { PathBase } from './normalise.ts';

/** The image of a service as prepare sees it, or the rule that its text breaks. */
export type ImageResult =
  | { readonly ok: true; readonly source: ImageSource }
  | { readonly ok: false; readonly rule: 'R140' | 'R141' | 'R142' | 'R143' };

const DOCKER_HUB = 'registry-1.docker.io';

/** Reads the interpolated text of `image`. With backend `host` the text does not matter. */
export function readImage(image: string | undefined, backend: Backend, base: PathBase): ImageResult {
  if (backend === 'host') return { ok: true, source: { kind: 'host' } };
  if (image === undefined) return { ok: false, rule: 'R140' };
  const kind = parseImage(image, backend);
  if (!kind.ok) return { ok: false, rule: kind.rule };
  if (kind.value === 'remote') return { ok: true, source: remote(image) };
  const path = resolveHostPath(image, base.projectDir, base.home);
  return { ok: true, source: { kind: kind.value === 'sqsh' ? 'local-sqsh' : 'local-sif', path } };
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

function remote(image: string): ImageSource {
  const reference = image.includes('://') ? image : `docker://${image}`;
  return { kind: 'remote', reference, registry: registryOf(reference) };
}
