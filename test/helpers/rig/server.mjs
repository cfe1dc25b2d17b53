// VS Code's server on 127.0.0.1: the same extension host and workbench as the desktop's, for the demo and for tests.
// The key lies in a file that only the user can read, never on a command line that others see.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { RIG } from './home.mjs';

/** User settings that keep the window still and quiet. */
export const QUIET_SETTINGS = {
  'chat.disableAIFeatures': true,
  'chat.agentHost.enabled': false,
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'telemetry.telemetryLevel': 'off',
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'update.mode': 'none',
};

/** Our environment without what a surrounding VS Code set; no gallery look-ups, no login shell. */
export function serverEnvironment(env = process.env) {
  const kept = Object.entries(env).filter(([name]) => !/^(VSCODE_(?!TEST)|ELECTRON_)/.test(name));
  return { EXTENSIONS_GALLERY: '{}', ...Object.fromEntries(kept), VSCODE_CLI: '1' };
}

/** Arguments that every start of the server shares. */
export const baseArguments = ({ data, userData, extensions }) => [
  '--accept-server-license-terms',
  ...['--server-data-dir', data, '--user-data-dir', userData, '--extensions-dir', extensions],
  ...[
    '--telemetry-level',
    'off',
    '--disable-experiments',
    '--disable-update-check',
    '--disable-getting-started-override',
  ],
];

/** Writes settings for both places: a window on a server reads those of the machine (`enroot.path` is one) from the server's. */
export function writeSettings(userData, settings) {
  for (const place of ['User', 'Machine']) {
    const folder = path.join(userData, place);
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'settings.json'), JSON.stringify(settings, null, 2));
  }
}

/** Writes user settings unless the folder has some already. */
export function writeUserSettings(userData, settings) {
  const file = path.join(userData, 'User/settings.json');
  if (!fs.existsSync(file)) writeSettings(userData, { ...QUIET_SETTINGS, ...settings });
}

/** Starts the server and waits until it listens: {port, token, process, ended, stop}. `onText` sees all it prints. */
export async function startServer(
  rig,
  { folders, port = 0, extra = [], env = serverEnvironment(), onText = () => {} },
) {
  const token = randomBytes(24).toString('base64url');
  const tokenFile = path.join(folders.data, 'token');
  fs.mkdirSync(folders.data, { recursive: true, mode: 0o700 });
  fs.writeFileSync(tokenFile, token, { mode: 0o600 });
  const leash = ['--import', pathToFileURL(path.join(RIG, 'leash.mjs')).href];
  const address = ['--host', '127.0.0.1', '--port', String(port), '--connection-token-file', tokenFile];
  const args = [...leash, rig.server, ...baseArguments(folders), ...address, ...extra];
  const child = spawn(rig.node, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
  const stop = () => stopGroup(child, ended);
  return { port: await listening(child, onText), token, process: child, ended, stop };
}

function listening(child, onText) {
  let said = '';
  return new Promise((resolve, reject) => {
    const see = (text) => {
      onText(text);
      said = (said + text).slice(-8000);
      const found = /listening on (\d+)/.exec(said);
      if (found) resolve(Number(found[1]));
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', see);
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`VS Code's server ended (${code ?? signal})\n${said}`)),
    );
  });
}

/** Kills a detached child with its whole group and waits until it is gone. */
export async function stopGroup(child, ended) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
  await ended;
}
