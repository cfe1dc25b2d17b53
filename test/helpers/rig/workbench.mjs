// Drives a VS Code window with Playwright: the rig's, or a desktop one, both through the DevTools address that they print.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { RIG } from './home.mjs';
import { QUIET_SETTINGS, writeSettings } from './server.mjs';

const START_MS = 60_000;
const PICTURE_SETTINGS = {
  ...QUIET_SETTINGS,
  'git.enabled': false,
  'window.commandCenter': false,
  'editor.cursorBlinking': 'solid',
  'workbench.reduceMotion': 'on',
};

/** The executable to drive: VSCODE_EXECUTABLE or the rig's. */
export const vscodeExecutable = () => process.env.VSCODE_EXECUTABLE ?? path.join(RIG, 'vscode.mjs');

/**
 * Opens a window: {page, close}. `open` are folders and files, `developed` extension folders, `extensions` a folder of installed
 * ones, `trust: true` keeps workspace trust switched on, `window` is {width, height, scale}.
 */
export async function openWorkbench({
  open = [],
  developed = [],
  extensions,
  settings = {},
  env = {},
  trust = false,
  window = {},
}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hpc-compose-ui-'));
  const userData = path.join(folder, 'user');
  writeSettings(userData, { ...PICTURE_SETTINGS, 'security.workspace.trust.enabled': trust, ...settings });
  const args = [
    ...open,
    ...developed.map((extension) => `--extensionDevelopmentPath=${extension}`),
    ...['--user-data-dir', userData, '--extensions-dir', extensions ?? path.join(folder, 'extensions')],
    ...[
      '--remote-debugging-port=0',
      '--skip-welcome',
      '--skip-release-notes',
      '--disable-updates',
      '--no-sandbox',
    ],
    ...(trust ? [] : ['--disable-workspace-trust']),
  ];
  const { width = 1280, height = 800, scale = 1 } = window;
  const size = { RIG_WINDOW: `${width},${height}`, RIG_SCALE: String(scale) };
  const child = spawn(vscodeExecutable(), args, {
    env: { ...process.env, ...size, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const close = () => closeWindow(child, folder);
  try {
    const browser = await chromium.connectOverCDP(await devToolsAddress(child));
    const page = await workbenchPage(browser);
    await page.waitForSelector('.monaco-workbench .part.statusbar', { timeout: START_MS });
    return { page, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function devToolsAddress(child) {
  let said = '';
  return new Promise((resolve, reject) => {
    const see = (text) => {
      said += text;
      const found = /DevTools listening on (ws:\S+)/.exec(said);
      if (found) resolve(found[1]);
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', see);
    child.once('exit', (code) => reject(new Error(`VS Code ended (${code})\n${said}`)));
    setTimeout(() => reject(new Error(`VS Code printed no DevTools address\n${said}`)), START_MS).unref();
  });
}

async function workbenchPage(browser) {
  for (
    const end = Date.now() + START_MS;
    Date.now() < end;
    await new Promise((resolve) => setTimeout(resolve, 100))
  ) {
    const pages = browser.contexts().flatMap((context) => context.pages());
    const found = pages.find((page) => /^http:\/\/127\.0\.0\.1:\d+\/\?|^vscode-file:/.test(page.url()));
    if (found) return found;
  }
  throw new Error('VS Code opened no workbench');
}

async function closeWindow(child, folder) {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
  }
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

const MODIFIER = process.platform === 'darwin' ? 'Meta' : 'Control';

/** Opens a file of the workspace by name, as a user does. */
export async function openFile(page, name) {
  await page.keyboard.press(`${MODIFIER}+P`);
  await fillQuickInput(page, name);
  const label = page.locator('.label-name', { hasText: new RegExp(`^${name.replaceAll('.', '\\.')}$`) });
  await page.locator('.quick-input-list .monaco-list-row').filter({ has: label }).first().click();
  await page.locator(`.tabs-container .tab.active[data-resource-name="${name}"]`).waitFor();
}

/** Runs a command through the palette by its label. */
export async function runCommand(page, label) {
  await page.keyboard.press('F1');
  await fillQuickInput(page, `>${label}`);
  await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: label }).first().click();
}

async function fillQuickInput(page, text) {
  const input = page.locator('.quick-input-widget input.input');
  await input.waitFor();
  await input.fill(text);
}
