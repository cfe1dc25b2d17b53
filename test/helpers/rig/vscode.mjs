#!/usr/bin/env node
// Stands where VS Code's executable stands: takes its command line, runs the same extension host (VS Code's server) with the same
// workbench in a headless Chromium, and ends with VS Code's exit code. Used by @vscode/test-electron and by the UI tests.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'node:util';
import { parseCommandLine } from './commandLine.mjs';
import { launchBrowser, openPage } from './devtools.mjs';
import { locate } from './home.mjs';
import { baseArguments, serverEnvironment, startServer, stopGroup, writeUserSettings } from './server.mjs';

// Lines of the workbench's own log that say nothing about the extension under test.
const NOISE =
  /^(\[chat-stt\]|\[remote-connection\]|\[DefaultAccount\]|Canceled: Canceled|\[(ChatModelSelection|AccountPolicyGate|AgentHost|driver|Service Worker|LanguageModel|ChatEntitlement|reconnection|mcp)|Creating a socket|Updating additional builtin|Ignoring fetching additional builtin|Resolv(ing|ed) connection token|File not found: .*vsda|Started local extension host|Settings Sync|\s*at .*workbench\.js)/i;
const TIMEOUT_SECONDS = Number(process.env.RIG_TIMEOUT ?? 600);
const MANAGEMENT = ['install-extension', 'uninstall-extension', 'list-extensions'];
const BROWSER_FLAGS = [
  ...[
    '--headless',
    '--no-sandbox',
    '--no-first-run',
    '--no-default-browser-check',
    '--disable-gpu',
    '--disable-dev-shm-usage',
  ],
  ...[
    '--disable-extensions',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
  ...['--disable-default-apps', '--mute-audio', '--hide-scrollbars', '--disable-background-timer-throttling'],
  ...[
    '--disable-backgrounding-occluded-windows',
    '--disable-renderer-backgrounding',
    '--password-store=basic',
  ],
  '--force-color-profile=srgb',
];
const startedAt = Date.now();
const verbose = Boolean(process.env.RIG_VERBOSE);

const rig = locate();
const { options, files } = parseCommandLine(process.argv.slice(2));
const last = (name) => options[name]?.at(-1);
const isTest = Boolean(last('extensionTestsPath'));
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'hpc-compose-rig-'));
const folders = {
  data: makeFolder(path.join(scratch, 'server')),
  userData: makeFolder(path.resolve(last('user-data-dir') ?? path.join(scratch, 'user'))),
  extensions: makeFolder(path.resolve(last('extensions-dir') ?? path.join(scratch, 'extensions'))),
};
const env = serverEnvironment();

function makeFolder(folder) {
  fs.mkdirSync(folder, { recursive: true });
  return folder;
}

function printVersion() {
  const read = (name) => JSON.parse(fs.readFileSync(path.join(rig.vscode, name), 'utf8'));
  console.log(`${read('package.json').version}\n${read('product.json').commit}\n${process.arch}`);
  fs.rmSync(scratch, { recursive: true, force: true });
}

function manageExtensions() {
  const asked = MANAGEMENT.flatMap((name) =>
    (options[name] ?? []).map((value) => (value === true ? `--${name}` : `--${name}=${value}`)),
  );
  const switches = ['force', 'show-versions'].filter((name) => options[name]).map((name) => `--${name}`);
  const child = spawn(rig.node, [rig.server, ...baseArguments(folders), ...asked, ...switches], {
    env,
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
  child.on('exit', (code) => {
    if (code !== 0) process.stderr.write(said);
    fs.rmSync(scratch, { recursive: true, force: true });
    process.exitCode = code ?? 1;
  });
}

async function runWindow() {
  const running = { server: undefined, browser: undefined, hostEnd: undefined, ending: false };
  const end = (code) => endAll(running, code);
  const fail = (reason) => {
    if (!running.ending) console.error(`rig: ${reason}`);
    void end(1);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void end(130));
  if (!isTest) linkDevelopedExtensions();
  writeUserSettings(folders.userData, { 'git.enabled': false });
  try {
    running.server = await startServer(rig, {
      folders,
      env,
      extra: serverSwitches(),
      onText: (text) => noticeHostEnd(text, running),
    });
    void running.server.ended.then((why) => fail(`VS Code's server ended (${why})`));
    running.browser = startBrowser(fail);
    const url = workbenchAddress(running.server);
    const call = await openPage(running.browser, url, isTest ? automation(running, end) : {});
    running.browser.events.on('Inspector.targetCrashed', () => fail('the workbench page crashed'));
    if (isTest) setTimeout(() => void giveUp(call, fail), TIMEOUT_SECONDS * 1000).unref();
  } catch (error) {
    fail(error.message);
  }
}

const serverSwitches = () => [
  // The driver carries the test runner's result, but keeps notifications from showing: only for API tests.
  ...(isTest ? ['--enable-smoke-test-driver'] : []),
  ...(isTest || options['disable-workspace-trust'] ? ['--disable-workspace-trust'] : []),
  ...(last('log') ? ['--log', last('log')] : []),
  ...(options['enable-proposed-api'] ?? [])
    .filter((id) => id !== true)
    .flatMap((id) => ['--enable-proposed-api', id]),
];

// Without tests the workbench takes no development path, so the extension is linked into a private extensions folder.
function linkDevelopedExtensions() {
  const developed = options.extensionDevelopmentPath ?? [];
  if (developed.length === 0) return;
  const linked = makeFolder(path.join(scratch, 'linked'));
  const others = options['disable-extensions']
    ? []
    : fs.readdirSync(folders.extensions, { withFileTypes: true });
  for (const entry of others) {
    if (!entry.name.startsWith('.') && !entry.isFile())
      fs.symlinkSync(path.join(folders.extensions, entry.name), path.join(linked, entry.name));
  }
  for (const folder of developed) {
    const { publisher, name, version } = JSON.parse(
      fs.readFileSync(path.join(folder, 'package.json'), 'utf8'),
    );
    const link = path.join(linked, `${publisher}.${name}-${version}`);
    fs.rmSync(link, { force: true });
    fs.symlinkSync(path.resolve(folder), link);
  }
  folders.extensions = linked;
  delete options['disable-extensions'];
}

// The workbench reports success too when the extension host was killed or left by itself; the server's log knows better.
function noticeHostEnd(text, running) {
  if (verbose) process.stderr.write(text);
  const found = /Extension Host Process exited with code: (\w+), signal: (\w+)/.exec(text);
  if (found && found[1] !== '0') running.hostEnd ??= `code ${found[1]}, signal ${found[2]}`;
}

function startBrowser(fail) {
  const debugPort = last('remote-debugging-port');
  const browserHome = path.dirname(rig.chromium);
  const args = [
    ...BROWSER_FLAGS,
    `--window-size=${process.env.RIG_WINDOW ?? '1280,800'}`,
    `--force-device-scale-factor=${process.env.RIG_SCALE ?? 1}`,
    `--user-data-dir=${path.join(scratch, 'browser')}`,
    ...(debugPort ? [`--remote-debugging-port=${debugPort}`] : []),
    'about:blank',
  ];
  const libraries = {
    LD_LIBRARY_PATH: path.join(browserHome, 'lib'),
    FONTCONFIG_FILE: path.join(browserHome, 'fonts.conf'),
  };
  const browser = launchBrowser(rig.chromium, args, { ...env, ...libraries });
  browser.events.on('closed', fail);
  // The line that the desktop's executable prints too; the UI tests connect there.
  browser.process.stderr.on('data', (text) => {
    const line = /^DevTools listening on .*$/m.exec(text)?.[0];
    if (line) process.stderr.write(`${line}\n`);
  });
  return browser;
}

function workbenchAddress({ port, token }) {
  const authority = `127.0.0.1:${port}`;
  const uri = (file) =>
    `vscode-remote://${authority}${encodeURI(absolute(file)).replace(/[?#]/g, encodeURIComponent)}`;
  const query = new URLSearchParams({ tkn: token });
  const payload = [
    ['skipWelcome', 'true'],
    ['skipReleaseNotes', 'true'],
    ...(isTest
      ? (options.extensionDevelopmentPath ?? []).map((folder) => ['extensionDevelopmentPath', uri(folder)])
      : []),
    ...(isTest ? [['extensionTestsPath', uri(last('extensionTestsPath'))]] : []),
    ...(options['disable-extensions'] ? [['disableExtensions', 'true']] : []),
  ];
  for (const operand of [...(options['folder-uri'] ?? []), ...files].map(absolute)) {
    const stat = fs.statSync(operand, { throwIfNoEntry: false });
    if (stat?.isDirectory()) query.set('folder', operand);
    else if (operand.endsWith('.code-workspace')) query.set('workspace', operand);
    else payload.push(['openFile', uri(operand)]);
  }
  if (last('goto')) payload.push(['openFile', uri(last('goto'))], ['gotoLineMode', 'true']);
  query.set('payload', JSON.stringify(payload));
  return `http://${authority}/?${query}`;
}

const absolute = (file) => (file.startsWith('file:') ? fileURLToPath(file) : path.resolve(file));

const automation = (running, end) => ({
  codeAutomationLog: (type, args) => {
    const text = format(...args).replace(/\x1b\[[0-9;]*m/g, '');
    if (verbose || !NOISE.test(text)) (type === 'error' ? process.stderr : process.stdout).write(`${text}\n`);
  },
  codeAutomationExit: (code, logs) => {
    saveLogs(Array.isArray(logs) ? logs : []);
    if (code === 0 && running.hostEnd) {
      console.error(`rig: the extension host ended before the tests did (${running.hostEnd})`);
      code = 1;
    }
    // The extension host writes its coverage as it ends.
    setTimeout(() => void end(code), process.env.NODE_V8_COVERAGE ? 2000 : 0);
  },
});

function saveLogs(logs) {
  if (!process.env.RIG_LOGS) return;
  for (const { relativePath, contents } of logs) {
    const file = path.join(process.env.RIG_LOGS, relativePath);
    makeFolder(path.dirname(file));
    fs.writeFileSync(file, contents);
  }
}

async function giveUp(call, fail) {
  if (process.env.RIG_LOGS) {
    const picture = await call('Page.captureScreenshot', { format: 'png' }).catch(() => undefined);
    if (picture)
      fs.writeFileSync(
        path.join(makeFolder(process.env.RIG_LOGS), 'timeout.png'),
        Buffer.from(picture.data, 'base64'),
      );
  }
  fail(`the tests did not end within ${TIMEOUT_SECONDS} s (RIG_TIMEOUT)`);
}

async function endAll(running, code) {
  if (running.ending) return;
  running.ending = true;
  const browser = running.browser?.process;
  const browserEnded = browser && new Promise((resolve) => browser.once('exit', resolve));
  await Promise.all([running.server?.stop(), browser && stopGroup(browser, browserEnded)]);
  await removeDeadSockets();
  fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  process.exit(code);
}

// The server leaves its sockets in the temporary folder; those of this run on which nobody answers go.
async function removeDeadSockets() {
  const names = fs.readdirSync(os.tmpdir()).filter((name) => /^vscode-ipc-.*\.sock$/.test(name));
  await Promise.all(names.map((name) => removeIfDead(path.join(os.tmpdir(), name))));
}

function removeIfDead(socket) {
  const stat = fs.statSync(socket, { throwIfNoEntry: false });
  if (!stat || stat.uid !== process.getuid() || stat.ctimeMs < startedAt) return undefined;
  return new Promise((resolve) => {
    const client = net.connect(socket, () => resolve(client.destroy()));
    client.on('error', (error) => {
      if (error.code === 'ECONNREFUSED') fs.rmSync(socket, { force: true });
      resolve();
    });
  });
}

if (last('version')) printVersion();
else if (MANAGEMENT.some((name) => options[name])) manageExtensions();
else await runWindow();
