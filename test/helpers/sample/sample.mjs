// A working copy of the sample workspace with a shared directory beside it, for the demo, the pictures and the tests in VS Code.
// It lies outside /tmp where that is possible: specs that keep their cache there are warned about, and the sample should be clean.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const CHECKOUT = path.resolve(HERE, '../../..');
const STAND_IN = path.resolve(HERE, '../enroot/enroot.mjs');
const NODE_LOCAL = /^\/(tmp|var\/tmp|private\/tmp|dev\/shm)(\/|$)/;

/** Makes the copy: {folder, workspace, shared, cache, enroot, isStandIn, settings, remove}; at `folder` when given. Only the user can enter it. */
export function makeSample(name, folder = fs.mkdtempSync(path.join(makeBase(), `${name}-`))) {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const at = (part) => path.join(folder, part);
  fs.cpSync(path.join(HERE, 'workspace'), at('workspace'), { recursive: true });
  fs.mkdirSync(at('shared'));
  fs.writeFileSync(at('workspace/.env'), `SHARED_DIR=${at('shared')}\n`);
  const real = findEnroot();
  return {
    ...{ folder, workspace: at('workspace'), shared: at('shared'), cache: at('shared/hpc-compose-cache') },
    ...{ enroot: real ?? STAND_IN, isStandIn: real === undefined },
    // On one machine the directory is as shared as the sample says; on a cluster nobody would have to tell.
    settings: {
      'hpcCompose.cache.sharedRoots': [at('shared')],
      ...(real ? {} : { 'hpcCompose.enroot.path': STAND_IN }),
    },
    remove: () => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

function makeBase() {
  const inCheckout = path.join(CHECKOUT, '.rig');
  const base = NODE_LOCAL.test(CHECKOUT) ? outside(inCheckout) : inCheckout;
  fs.mkdirSync(base, { recursive: true });
  return fs.realpathSync(base);
}

function outside(fallback) {
  const home = path.join(os.homedir(), '.cache');
  return path.isAbsolute(home) && !NODE_LOCAL.test(home) && isWritable(os.homedir())
    ? path.join(home, 'hpc-compose-demo')
    : fallback;
}

function isWritable(folder) {
  try {
    fs.accessSync(folder, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

// Looks for a real one on PATH; HPC_COMPOSE_STAND_IN=1 takes the stand-in all the same, as tests do.
function findEnroot() {
  if (process.env.HPC_COMPOSE_STAND_IN === '1') return undefined;
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter(Boolean);
  const found = folders.map((folder) => path.join(folder, 'enroot')).find((file) => fs.existsSync(file));
  return found && spawnSync(found, ['version'], { stdio: 'ignore' }).status === 0 ? found : undefined;
}
