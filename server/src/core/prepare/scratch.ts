// Where enroot unpacks and keeps its layers while we prepare: chosen as hpc-compose does (cache contract, 6.1), made only when
// something is built, and removed afterwards. Everything removed here was made by this run.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { samePath } from '../../model/paths.ts';
import type { CachePlan } from '../../model/plan.ts';
import { errnoOf } from '../files.ts';
import { ioFailure } from '../ioFailure.ts';
import { recordOwner } from '../owner.ts';
import type { Ports } from '../ports.ts';

export interface Scratch {
  /** ENROOT_TEMP_PATH. */
  readonly temp: string;
  /** ENROOT_DATA_PATH: root file systems are unpacked below it. */
  readonly data: string;
  /** Leaves the root file systems where they are at the end. */
  readonly keepData: () => void;
  readonly dispose: () => Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The scratch root: HPC_COMPOSE_ENROOT_TEMP_DIR, the plan's choice, or `<cache>/enroot/tmp`; `~` and variables expanded. */
export function scratchRootOf(plan: CachePlan, env: Environment): string {
  const chosen = [env.HPC_COMPOSE_ENROOT_TEMP_DIR, plan.enrootTempDir]
    .map((value) => value?.trim() ?? '')
    .find((value) => value !== '');
  return chosen === undefined ? join(plan.cacheDir.path, 'enroot/tmp') : expandShell(chosen, env);
}

/** Expands a leading `~` and `$VAR`, `${VAR}`, `${VAR:-d}`. An undefined variable leaves the whole value as it is. */
export function expandShell(value: string, env: Environment): string {
  const home = env.HOME;
  const tilde = home !== undefined && /^~(?=\/|$)/.test(value) ? home + value.slice(1) : value;
  const missing: string[] = [];
  const expanded = tilde.replace(
    /\$\$|\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})/g,
    (whole, plain: string | undefined, braced: string | undefined, fallback: string | undefined) => {
      if (whole === '$$') return '$';
      const found = env[plain ?? braced ?? ''] ?? fallback;
      if (found === undefined) missing.push(whole);
      return found ?? whole;
    },
  );
  return missing.length === 0 ? expanded : value;
}

/** Directories of the cache that prepare makes (cache contract, section 0). Throws the failure of the one that cannot be made. */
export function makeCacheFolders(cacheDir: string, ports: Ports): void {
  const names = ['base', 'prepared', 'datasets', 'models', 'enroot/cache', 'enroot/data', 'enroot/tmp'];
  for (const path of names.map((name) => join(cacheDir, name))) {
    try {
      ports.files.makeDirectories(path);
    } catch (error) {
      throw ioFailure(error, path);
    }
  }
}

/** Makes the scratch folders of a run. Throws the failure of the one that cannot be made. */
export function makeScratch(plan: CachePlan, ports: Ports): Scratch {
  const cacheDir = plan.cacheDir.path;
  const root = scratchRootOf(plan, ports.env);
  const redirected = !samePath(root, join(cacheDir, 'enroot/tmp'));
  const temp = makeOwnFolder(root, 'hpc-compose-enroot', ports);
  const data = redirected
    ? makeOwnFolder(root, 'hpc-compose-enroot-data', ports)
    : join(cacheDir, 'enroot/data');
  const own = new Set(redirected ? [temp, data] : [temp]);
  const forget = recordOwner(cacheDir, [...own], ports.now(), ports.files);
  const keepData = () => void own.delete(data);
  return { temp, data, keepData, dispose: () => removeOwn(own, forget, ports) };
}

async function removeOwn(own: ReadonlySet<string>, forget: () => void, ports: Ports): Promise<void> {
  try {
    for (const path of own) await ports.files.removeTree(path);
    forget();
  } catch (error) {
    // The record stays: the sweep removes the rest once this process has ended.
    ports.log.warn(`Scratch files could not be removed: ${String(error)}`);
  }
}

// The name is hpc-compose's. It is taken when a crash left one of the same pid, or while another prepare runs in this process.
function makeOwnFolder(root: string, stem: string, ports: Ports): string {
  for (let attempt = 1; ; attempt++) {
    const suffix = attempt === 1 ? '' : `-${attempt}`;
    const path = join(root, `${stem}-${process.pid}${suffix}`);
    try {
      ports.files.makeDirectories(root);
      mkdirSync(path);
      return path;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST' || attempt > 1000) throw ioFailure(error, path);
    }
  }
}
