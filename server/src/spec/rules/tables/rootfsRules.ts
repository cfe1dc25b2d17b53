// Rules RC001…: the cache of unpacked images (pyxis `--container-cache`), which hpc-compose knows nothing of. Errors only where
// the cache is switched on for a service, because the step will be refused there. Source: rootfs contract, section 3.
import { rule, type RuleTable } from '../rule.ts';

const warning = { severity: 'warning' } as const;
const information = { severity: 'information' } as const;

export const ROOTFS_RULES = {
  RC001: rule('rootfs-cache-without-image', 17, {
    main: 'The rootfs cache needs an image: this service has none.',
    backend: 'The rootfs cache works with pyxis only: this spec runs with {backend}.',
  }),
  RC002: rule('rootfs-cache-writable', 17, 'The rootfs cache cannot be combined with a writable container.'),
  RC003: rule('rootfs-cache-save', 17, 'The rootfs cache cannot be combined with saving the container.'),
  RC004: rule(
    'rootfs-cache-name-flag',
    17,
    "The rootfs cache cannot be combined with the container name's flag '{flag}'.",
  ),
  RC005: rule(
    'rootfs-cache-name-ignored',
    17,
    "The container name '{name}' is ignored: the rootfs cache has names of its own.",
    warning,
  ),
  RC006: rule(
    'rootfs-cache-flag-unknown',
    17,
    'A pyxis without the rootfs cache refuses `--container-cache`, and the step dies.',
    {
      ...warning,
      advice: 'Set `PYXIS_CONTAINER_CACHE: "1"` in `environment`: it is ignored where it is not known.',
    },
  ),
  RC007: rule(
    'pyxis-boolean',
    17,
    '{name} is ignored: pyxis takes 1, true, yes, y, 0, false, no or n, not {value}.',
    warning,
  ),
  RC008: rule(
    'rootfs-cache-inherited',
    17,
    'PYXIS_CONTAINER_CACHE reaches every step here; those without an image fail: {services}.',
    warning,
  ),
  RC009: rule('rootfs-cache-base', 17, 'The rootfs cache cannot be used: {problem}.'),
  RC010: rule('rootfs-cache-limits', 17, 'The rootfs cache cannot be used: {problem}.'),
  RC011: rule(
    'rootfs-cache-mutable-tag',
    17,
    'With the key scheme `pr174` a new image under the tag {tag} is never noticed.',
    { ...information, advice: 'Name a digest, or use the key scheme `strict`.' },
  ),
  RC012: rule(
    'enroot-data-path-ignored',
    17,
    'pyxis drops ENROOT_DATA_PATH from the environment of a job: it has no effect.',
    warning,
  ),
  RC013: rule(
    'rootfs-cache-inside-cache',
    17,
    'The rootfs cache {base} and the image cache {cacheDir} lie one inside the other.',
    { advice: 'The first is local to a node, the second shared by all: give each a place of its own.' },
  ),
} as const satisfies RuleTable;
