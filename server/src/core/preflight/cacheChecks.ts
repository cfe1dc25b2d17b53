// Checks of the cache directory: policy, HOME, access, room, and what its file system tells.
import * as fs from 'node:fs';
import path from 'node:path';
import type { PathEvidence } from '../../model/preflight.ts';
import { errnoOf, makeDirectories } from '../files.ts';
import { isAtOrBelow } from '../../model/paths.ts';
import { blocked, noted, passed, warned, type CheckItem } from './items.ts';
import { nearestExisting } from './pathEvidence.ts';
import type { Check, PreflightInput } from './check.ts';

const SHARED =
  'Set x-slurm.cache_dir to a directory that login and compute nodes both mount, such as a workspace.';
const TWO_GIBIBYTES = 2 * 1024 ** 3;

/** The lexical policy for the cache and the runtime root, and the notice about HOME. */
export const checkCachePlace: Check = (input) => {
  const { cacheDir } = input.plan;
  const items = [
    ...policyItems('cache directory', cacheDir.path, SHARED, input),
    ...homeItems(input, cacheDir.source === 'spec'),
  ];
  if (input.runtimeRoot === undefined) return items;
  const remedy = 'Set x-slurm.runtime_root to a directory that login and compute nodes both mount.';
  return [...items, ...policyItems('runtime root', input.runtimeRoot, remedy, input)];
};

/** mkdir -p, then write and remove a probe file. */
export const checkCacheAccess: Check = ({ plan }) => {
  const directory = plan.cacheDir.path;
  try {
    makeDirectories(directory);
  } catch (error) {
    const where = nearestExisting(path.resolve(directory));
    return [
      blocked(
        `cache directory cannot be made: ${directory} (${errnoOf(error) ?? String(error)})`,
        `Make it, ask the owner of ${where} for write permission, or choose another x-slurm.cache_dir.`,
      ),
    ];
  }
  const probe = path.join(directory, '.hpc-compose-write-probe');
  try {
    fs.writeFileSync(probe, 'probe');
    fs.unlinkSync(probe);
    return [passed(`cache directory is writable: ${directory}`)];
  } catch (error) {
    const remedy = 'Mend its permissions or free space there, or choose another x-slurm.cache_dir.';
    return [
      blocked(`cache directory is not writable: ${directory} (${errnoOf(error) ?? String(error)})`, remedy),
    ];
  }
};

/** Silent above 2 GiB. */
export const checkFreeSpace: Check = ({ plan }, { free_bytes, free_inodes, mount_point }) => {
  const items: CheckItem[] = [];
  if (free_bytes !== null && free_bytes < TWO_GIBIBYTES) {
    const free = (free_bytes / 1024 ** 3).toFixed(1);
    const message = `only ${free} GiB are free for the cache directory ${plan.cacheDir.path}`;
    items.push(warned(message, `Prune the cache, or free space on ${mount_point ?? 'its file system'}.`));
  }
  if (free_inodes !== null && free_inodes < 1000) {
    const message = `only ${free_inodes} file entries (inodes) are free for ${plan.cacheDir.path}`;
    items.push(warned(message, 'Remove small files there, or choose another directory.'));
  }
  return items;
};

/** What the policy cannot see: links into node-local places, memory, one machine's own disk. */
export const checkEvidence: Check = (input, evidence) => [
  ...linkItems(input, evidence),
  ...reachItems(evidence),
];

function policyItems(what: string, place: string, remedy: string, input: PreflightInput): CheckItem[] {
  const root = input.nodeLocalRootOf(place);
  if (root === undefined) return [passed(`${what} passes the shared-path policy: ${place}`)];
  return [blocked(`${what} ${place} lies below ${root}, which is local to each node and not shared`, remedy)];
}

function homeItems({ plan, env }: PreflightInput, chosen: boolean): CheckItem[] {
  const home = env.HOME;
  if (!home || !isAtOrBelow(path.resolve(plan.cacheDir.path), path.resolve(home))) return [];
  const message = chosen
    ? `cache directory resolves under HOME: ${plan.cacheDir.path}`
    : `cache directory defaults under HOME: ${plan.cacheDir.path}`;
  const remedy =
    'Compute nodes must see the same directory, and HOME often has a small quota: prefer a workspace or project directory.';
  return [warned(message, remedy)];
}

function linkItems(input: PreflightInput, { path: place, real_path }: PathEvidence): CheckItem[] {
  const root = input.nodeLocalRootOf(real_path);
  if (root === undefined || input.nodeLocalRootOf(place) !== undefined) return [];
  const message = `cache directory ${place} leads through a link to ${real_path}, below ${root}, which is local to each node`;
  return [warned(message, SHARED)];
}

function reachItems({ real_path, reach, fs_type, mount_point, read_only }: PathEvidence): CheckItem[] {
  const place = `${real_path} is on ${fs_type ?? 'an unknown file system'} mounted at ${mount_point ?? '?'}`;
  const items: CheckItem[] = [];
  if (read_only)
    items.push(
      warned(`${place}, which is mounted read-only here`, 'Prepare on a node where it is writable.'),
    );
  switch (reach) {
    case 'memory':
      return [
        ...items,
        warned(`${place}: it lives in this machine's memory and is gone after a reboot`, SHARED),
      ];
    case 'local':
      return [
        ...items,
        noted(`${place}: a disk of this machine; other nodes see it only if it is exported to them`, SHARED),
      ];
    case 'network':
      return [...items, passed(`${place}, a shared file system`)];
    case 'unknown':
      return items;
  }
}
