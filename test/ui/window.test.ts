// What a person sees in the window: the product packaged as users get it, installed into a real VS Code, driven from outside.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { openFile, openWorkbench, vscodeExecutable, type Workbench } from '../helpers/rig/workbench.mjs';
import { makeSample, type Sample } from '../helpers/sample/sample.mjs';

const execute = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const START_MS = 120_000;

describe('window with the packaged extension', () => {
  let sample: Sample;
  let workbench: Workbench | undefined;
  let page: Page;

  before(async function () {
    this.timeout(START_MS);
    sample = makeSample('ui');
    const vsix = path.join(sample.folder, 'hpc-compose.vsix');
    const extensions = path.join(sample.folder, 'extensions');
    await execute('npm', ['run', '--silent', 'package', '--', '--out', vsix], { cwd: ROOT });
    assert.ok(fs.statSync(vsix).size < 1024 * 1024, 'the package stays under 1 MB');
    const folders = ['--extensions-dir', extensions, '--user-data-dir', path.join(sample.folder, 'install')];
    await execute(vscodeExecutable(), ['--install-extension', vsix, ...folders]);
    const settings = { ...sample.settings, 'workbench.editor.enablePreview': false };
    workbench = await openWorkbench({
      open: [sample.workspace],
      extensions,
      settings,
    });
    page = workbench.page;
  });
  after(async () => {
    await workbench?.close();
    sample.remove();
  });
  afterEach(async function () {
    const folder = process.env.RIG_LOGS;
    if (this.currentTest?.state === 'failed' && folder)
      await page.screenshot({ path: path.join(folder, `${this.currentTest.title}.png`) });
  });

  it('underlines a cache directory that compute nodes do not share', async () => {
    await openFile(page, 'unsafe.yaml');
    await page.locator('.squiggly-warning').first().waitFor();
  });

  it('leaves the sample without a finding', async () => {
    await openFile(page, 'compose.yaml');
    await page.locator('.codelens-decoration a', { hasText: 'Prepare' }).first().waitFor();
    assert.equal(await page.locator('.squiggly-warning, .squiggly-error').count(), 0);
  });

  it('prepares a service from its lens and shows the entry in the cache view', async () => {
    await page
      .locator('.codelens-decoration a', { hasText: /^Prepare$/ })
      .first()
      .click();
    await page.locator('.activitybar .action-label[aria-label^="HPC Compose"]').click({ force: true });
    await page.locator('.sidebar .monaco-list-row', { hasText: 'redis' }).first().waitFor();
    assert.ok(fs.readdirSync(path.join(sample.cache, 'base')).some((name) => name.endsWith('.sqsh')));
  });

  it('shows a notification with the result', async () => {
    await page.locator('.notifications-toasts .notification-list-item-message').first().waitFor();
  });
});
