// When a container starts from the cache, and which other options forbid it. The order and the reasons are the
// proposal's (rootfs contract, section 1.2); environment variables count only where the option was not given.

/** Container options as a step is started with; undefined: neither given nor in the environment. */
export interface ContainerOptions {
  readonly cache?: boolean | undefined;
  readonly image?: string | undefined;
  readonly save?: string | undefined;
  readonly writable?: boolean | undefined;
  /** `NAME` or `NAME:FLAG`. */
  readonly name?: string | undefined;
  /** The cache root. */
  readonly base?: string | undefined;
}

export type OptionConflict = 'no-image' | 'save' | 'writable' | 'name-flag' | 'no-base';

export interface CacheDecision {
  readonly enabled: boolean;
  readonly conflict?: { readonly kind: OptionConflict; readonly message: string };
  /** A plain container name was given: the stable name is used instead. */
  readonly ignoredName?: string;
}

const TRUE_WORDS: readonly string[] = ['1', 'true', 'yes', 'y'];
const FALSE_WORDS: readonly string[] = ['0', 'false', 'no', 'n'];
const NAME_FLAGS: readonly string[] = ['auto', 'create', 'exec', 'no_exec'];

/** A `PYXIS_…` boolean: exactly these spellings, case-sensitive; anything else is undefined, which pyxis ignores. */
export function parsePyxisBoolean(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (TRUE_WORDS.includes(text)) return true;
  return FALSE_WORDS.includes(text) ? false : undefined;
}

/** Adds what the environment says to options that were not given. */
export function withEnvironment(
  given: ContainerOptions,
  env: Readonly<Record<string, string | undefined>>,
): ContainerOptions {
  const readonly = parsePyxisBoolean(env.PYXIS_CONTAINER_READONLY);
  return {
    ...given,
    cache: given.cache ?? parsePyxisBoolean(env.PYXIS_CONTAINER_CACHE),
    image: given.image ?? env.PYXIS_CONTAINER_IMAGE,
    save: given.save ?? env.PYXIS_CONTAINER_SAVE,
    writable:
      given.writable ??
      parsePyxisBoolean(env.PYXIS_CONTAINER_WRITABLE) ??
      (readonly === undefined ? undefined : !readonly),
    name: given.name ?? env.PYXIS_CONTAINER_NAME,
  };
}

/** Whether the step uses the cache, or the first reason why it must be refused. */
export function decideCache(options: ContainerOptions): CacheDecision {
  if (options.cache !== true) return { enabled: false };
  const conflict = firstConflict(options);
  if (conflict) return { enabled: true, conflict };
  const { name } = splitName(options.name);
  return name === undefined ? { enabled: true } : { enabled: true, ignoredName: name };
}

function firstConflict(options: ContainerOptions): CacheDecision['conflict'] {
  const { flag } = splitName(options.name);
  if (!options.image)
    return { kind: 'no-image', message: 'the rootfs cache needs an image (--container-image)' };
  if (options.save)
    return { kind: 'save', message: 'the rootfs cache cannot be combined with --container-save' };
  if (options.writable === true)
    return { kind: 'writable', message: 'the rootfs cache cannot be combined with --container-writable' };
  if (flag !== undefined && flag !== 'auto')
    return {
      kind: 'name-flag',
      message: `the rootfs cache cannot be combined with --container-name flag '${flag}'`,
    };
  if (!options.base)
    return {
      kind: 'no-base',
      message: 'the rootfs cache needs a directory: container_cache_data_path is not configured',
    };
  return undefined;
}

/** Splits `NAME:FLAG`; a suffix that is no flag of pyxis belongs to the name. */
export function splitName(value: string | undefined): { name?: string; flag?: string } {
  if (!value) return {};
  const at = value.lastIndexOf(':');
  const flag = value.slice(at + 1);
  if (at < 0 || !NAME_FLAGS.includes(flag)) return { name: value };
  return { name: value.slice(0, at), flag };
}
