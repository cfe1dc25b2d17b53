// npm start [-- --port N --web]: opens the product on a copy of the sample workspace, in desktop VS Code or in a browser, until Ctrl+C.
// Standard output carries one line, the address; everything else goes to standard error. Nothing is left behind.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, say } from './lib/run.mjs';
import { asScript, setUp } from './setup.mjs';
import { makeSample } from '../test/helpers/sample/sample.mjs';

const DESKTOPS = ['code', 'code-insiders', 'codium'];
const DEMO_SETTINGS = { 'window.restoreWindows': 'none' };
// The stand-in takes its time in the demo, so that progress and cancelling can be seen.
const UNHURRIED = { FAKE_IMPORT: '3', FAKE_CREATE: '1', FAKE_START: '2', FAKE_EXPORT: '2' };

// What ends the demo; replaced once there is something to stop.
let stop = () => process.exit(0);

await asScript(async () => {
  const { port, web } = readOptions();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void stop());
  await setUp();
  const desktop = web ? undefined : findDesktop();
  if (!desktop) await installBrowserVsCode();
  const sample = makeSample('demo');
  process.on('exit', sample.remove);
  if (sample.isStandIn) sayStandIn();
  await (desktop ? openDesktop(desktop, sample) : serveBrowser(sample, port));
});

function readOptions() {
  const options = { port: { type: 'string', default: '0' }, web: { type: 'boolean', default: false } };
  try {
    const { values } = parseArgs({ options });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 0 || port > 65535)
      throw new Error(`--port takes a number from 0 to 65535, not '${values.port}'.`);
    return { port, web: values.web };
  } catch (error) {
    say(`${error.message}\nUsage: npm start [-- --port N --web]`);
    process.exit(2);
  }
}

function sayStandIn() {
  say('There is no enroot on this machine: the demo runs against a stand-in (test/helpers/enroot) that');
  say('follows the same steps with images of a few kilobytes. Nothing is downloaded from an image registry.');
}

// A `code` inside a remote shell only sends messages to a window elsewhere; as root the desktop refuses to start.
function findDesktop() {
  const isRemote = Boolean(process.env.VSCODE_IPC_HOOK_CLI ?? process.env.SSH_CONNECTION);
  const hasDisplay =
    process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
  if (isRemote || !hasDisplay || process.getuid?.() === 0) return undefined;
  const shell = process.platform === 'win32';
  return DESKTOPS.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore', shell }).status === 0);
}

async function openDesktop(command, sample) {
  const { writeUserSettings } = await import('../test/helpers/rig/server.mjs');
  const userData = path.join(sample.folder, 'user');
  writeUserSettings(userData, { ...DEMO_SETTINGS, ...sample.settings });
  const folders = ['--user-data-dir', userData, '--extensions-dir', path.join(sample.folder, 'extensions')];
  const args = [
    '--new-window',
    '--wait',
    '--disable-workspace-trust',
    ...folders,
    `--extensionDevelopmentPath=${ROOT}`,
    sample.workspace,
  ];
  const child = spawn(command, args, {
    stdio: ['ignore', 2, 2],
    env: demoEnvironment(sample),
    shell: process.platform === 'win32',
  });
  console.log(`HPC Compose: opened in ${command} on ${sample.workspace}`);
  stop = () => child.kill();
  await new Promise((resolve) => child.on('exit', resolve));
}

function demoEnvironment(sample) {
  return { ...process.env, ...(sample.isStandIn ? UNHURRIED : {}) };
}

async function installBrowserVsCode() {
  const { installRig } = await import('../test/helpers/rig/install.mjs');
  await installRig({ browser: false, say });
}

async function serveBrowser(sample, port) {
  const { locate } = await import('../test/helpers/rig/home.mjs');
  const { serverEnvironment, startServer, writeUserSettings } =
    await import('../test/helpers/rig/server.mjs');
  const at = (name) => path.join(sample.folder, name);
  const folders = { data: at('server'), userData: at('user'), extensions: at('extensions') };
  writeUserSettings(folders.userData, { ...DEMO_SETTINGS, ...sample.settings });
  linkExtension(folders.extensions);
  const env = serverEnvironment(demoEnvironment(sample));
  const extra = ['--disable-workspace-trust', '--default-folder', sample.workspace];
  const server = await startServer(locate({ browser: false }), { folders, port, env, extra });
  let isEnding = false;
  stop = () => {
    isEnding = true;
    return server.stop();
  };
  const query = new URLSearchParams({ tkn: server.token, folder: sample.workspace });
  console.log(`HPC Compose: http://127.0.0.1:${server.port}/?${query}`);
  say('Open this address in a browser on this machine; whoever has it acts as you. Ctrl+C ends the demo.');
  say(`From another machine first run: ssh -L ${server.port}:127.0.0.1:${server.port} ${os.hostname()}`);
  const why = await server.ended;
  if (!isEnding) throw new Error(`VS Code's server ended (${why}).`);
}

function linkExtension(folder) {
  const { publisher, name, version } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  fs.mkdirSync(folder, { recursive: true });
  fs.symlinkSync(ROOT, path.join(folder, `${publisher}.${name}-${version}`));
}
