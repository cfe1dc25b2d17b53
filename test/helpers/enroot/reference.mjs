// Image references as enroot 4.1.2 reads them: docker://[USER@][REGISTRY#]IMAGE[:TAG][@DIGEST], with REGISTRY/IMAGE when it has a dot or a colon.

const USER = String.raw`(?:(?<user>[\p{L}\p{N}_.!~*'()%;:&=+$,\-@]+)@)?`;
const TAG = String.raw`(?::(?<tag>[\p{L}\p{N}._:-]+))?`;
const DIGEST = String.raw`(?:@(?<digest>sha256:[\p{L}\p{N}]+))?`;
const IMAGE = String.raw`(?<image>[\p{Ll}\p{N}/._-]+?)`;

const FORMS = [
  new RegExp(`^docker://${USER}(?<registry>[^/#]+)/${IMAGE}${TAG}${DIGEST}$`, 'u'),
  new RegExp(`^docker://${USER}(?<image>[^/@#:]+)${TAG}${DIGEST}$`, 'u'),
  new RegExp(`^docker://${USER}(?<registry>[^#/@]+)#${IMAGE}${TAG}${DIGEST}$`, 'u'),
];
const DAEMON = /^(?:dockerd|podman):\/\/(?<image>[\p{L}\p{N}/._:-]+)$/u;
const HUB = 'registry-1.docker.io';
const HUB_NAMES = new Set(['docker.io', 'index.docker.io', HUB]);

/** {user, registry, image, tag} of a docker:// reference, the digest standing for the tag; undefined when malformed. */
export function parseReference(uri) {
  for (const [index, form] of FORMS.entries()) {
    const found = form.exec(uri)?.groups;
    if (found) return normalise(index, found);
  }
  return undefined;
}

function normalise(form, { user = '', registry = HUB, image, tag, digest }) {
  const version = digest ?? tag ?? 'latest';
  if (form === 0 && !/[.:]/.test(registry))
    return { user, registry: HUB, image: `${registry}/${image}`, tag: version };
  const host = HUB_NAMES.has(registry) ? HUB : registry;
  return {
    user,
    registry: host,
    image: host === HUB && !image.includes('/') ? `library/${image}` : image,
    tag: version,
  };
}

/** The image of a dockerd:// or podman:// reference. */
export function parseDaemonReference(uri) {
  return DAEMON.exec(uri)?.groups.image;
}

/** The name enroot import gives its output when none is asked for. */
export function defaultFileName({ registry, image, tag }) {
  const shown = registry === HUB ? image.replace(/^library\//, '') : image;
  return `${shown.replaceAll('/', '+')}+${tag}.sqsh`;
}
