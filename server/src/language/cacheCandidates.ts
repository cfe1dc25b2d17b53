// Directories that login and compute nodes are likely to share, ranked from what the machine tells. Pure: facts in, paths out.
import { nodeLocalRootOf } from '../spec/grammar/localPath.ts';

/** What is known of the machine, gathered by the caller. */
export interface MachineFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directories named in settings, variables in them already replaced. */
  readonly configured: readonly string[];
  /** Directories that compute nodes see too, by the settings: a cache would lie below them. */
  readonly sharedRoots?: readonly string[];
  /** Text of /proc/self/mountinfo, empty where there is none. */
  readonly mountinfo: string;
}

export interface Candidate {
  /** The directory to write into the spec. */
  readonly path: string;
  /** An existing ancestor that must be writable for the candidate to make sense. */
  readonly root: string;
  /** Why it is likely to be shared. */
  readonly why: string;
}

/** Variables by which sites name shared directories, best first. */
const SITE_VARIABLES = [
  'CACHE_DIR',
  'PSCRATCH',
  'SCRATCH',
  'SCRATCH_DIR',
  'SCRATCHDIR',
  'WORK',
  'WORKDIR',
  'PROJECT',
  'PROJECT_DIR',
  'GROUP_SCRATCH',
] as const;

const SHARED_TYPES = /^(nfs4?|lustre|gpfs|beegfs|ceph|fuse\.ceph|wekafs|panfs|vast|orangefs|pvfs2|afs|cifs)$/;
const OWN = 'hpc-compose';

/** Candidates, best first, no two alike, none below a node-local root. */
export function cacheCandidates(facts: MachineFacts): Candidate[] {
  const user = facts.env.USER ?? facts.env.LOGNAME ?? '';
  const found = [
    ...facts.configured.map((path) => ({ path, root: path, why: 'named in the settings' })),
    ...(facts.sharedRoots ?? []).map((root) => belowRoot(root, 'shared by the settings')),
    ...SITE_VARIABLES.flatMap((name) => fromVariable(name, facts.env[name])),
    ...sharedMounts(facts.mountinfo).flatMap((mount) => fromMount(mount, user)),
    ...fromHome(facts.env.HOME),
  ];
  const safe = found.filter(({ path }) => path.startsWith('/') && nodeLocalRootOf(path) === undefined);
  return safe.filter((one, index) => safe.findIndex(({ path }) => path === one.path) === index);
}

function belowRoot(directory: string, why: string): Candidate {
  const root = directory.replace(/\/+$/, '') || '/';
  return { path: `${root === '/' ? '' : root}/${OWN}`, root, why };
}

function fromVariable(name: string, value: string | undefined): Candidate[] {
  if (!value?.startsWith('/')) return [];
  const root = value.replace(/\/+$/, '') || '/';
  return [{ path: name === 'CACHE_DIR' ? root : `${root}/${OWN}`, root, why: `$${name}` }];
}

function fromMount({ point, type }: { point: string; type: string }, user: string): Candidate[] {
  const own = user === '' ? [] : [`${point}/${user}`];
  return [...own, point].map((root) => ({ path: `${root}/${OWN}`, root, why: `${type} on ${point}` }));
}

function fromHome(home: string | undefined): Candidate[] {
  if (!home?.startsWith('/')) return [];
  return [{ path: `${home.replace(/\/+$/, '')}/.cache/${OWN}`, root: home, why: 'below HOME' }];
}

/** Mount points of network and cluster file systems, system directories left out. */
function sharedMounts(mountinfo: string): { point: string; type: string }[] {
  return mountinfo.split('\n').flatMap((line) => {
    const match = /^\d+ \d+ \S+ \S+ (\S+) .*? - (\S+) /.exec(line);
    const point = match?.[1]?.replace(/\\040/g, ' ');
    const type = match?.[2];
    if (point === undefined || type === undefined || !SHARED_TYPES.test(type)) return [];
    return /^\/($|usr|opt|etc|lib|boot|nix|cvmfs)(\/|$)?/.test(point) ? [] : [{ point, type }];
  });
}
