// The main job as a person does it in a window: squiggle, quick fix, lens, tree, inspect page, prune with its list and question.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { openFile, openWorkbench, runCommand, type Workbench } from '../helpers/rig/workbench.mjs';
import { makeSample, type Sample } from '../helpers/sample/sample.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const START_MS = 120_000;

/** A window on a fresh sample, with this checkout as its extension. */
function useWindow(name: string, options: { trust?: boolean; settings?: Record<string, unknown> } = {}) {
  const state = {} as { sample: Sample; workbench: Workbench; page: Page };
  before(async function () {
    this.timeout(START_MS);
    state.sample = makeSample(name);
    state.workbench = await openWorkbench({
      open: [state.sample.workspace],
      developed: [ROOT],
      settings: { ...state.sample.settings, ...options.settings },
      trust: options.trust ?? false,
    });
    state.page = state.workbench.page;
  });
  after(async () => {
    await (state.workbench as Workbench | undefined)?.close();
    state.sample.remove();
  });
  afterEach(async function () {
    const folder = process.env.RIG_LOGS;
    if (this.currentTest?.state === 'failed' && folder)
      await state.page.screenshot({ path: path.join(folder, `${this.currentTest.title}.png`) });
  });
  return state;
}

/** Tries again until it holds: a key pressed while the window still loads is lost. */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt += 1) if (await holds()) return;
  throw new Error(`gave up: ${what}`);
}

const row = (page: Page, text: string) =>
  page.locator('.sidebar .monaco-list-row', { hasText: text }).first();
const lens = (page: Page, text: string | RegExp) =>
  page.locator('.codelens-decoration', { hasText: text }).first();
const toast = (page: Page, text: string) =>
  page.locator('.notifications-toasts .notification-list-item', { hasText: text }).first();
/** Opens the view; a click on the icon of an open one would close it. */
const view = async (page: Page) => {
  const icon = '.action-label[aria-label^="HPC Compose"]';
  if ((await page.locator(`.activitybar .action-item.checked ${icon}`).count()) === 0)
    await page.locator(`.activitybar ${icon}`).click();
};

describe('the main job in a window', function () {
  this.timeout(60_000);
  const state = useWindow('main', {
    settings: { 'hpcCompose.prune.defaultAgeDays': 0, 'hpcCompose.prune.graceMinutes': 0 },
  });
  const images = () =>
    ['base', 'prepared'].flatMap((kind) => {
      const folder = path.join(state.sample.cache, kind);
      return fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => name.endsWith('.sqsh')) : [];
    });

  it('offers a shared directory for a cache that only one node sees, and the squiggle goes', async () => {
    const { page } = state;
    await openFile(page, 'unsafe.yaml');
    await page.locator('.squiggly-warning').first().waitFor();
    const fixes = page.locator('.action-widget .monaco-list-row');
    const offered = fixes.filter({ hasText: 'CACHE_DIR' }).first();
    await until('quick fixes', async () => {
      await page.keyboard.press('Escape');
      await page
        .locator('.view-line', { hasText: 'cache_dir' })
        .locator('span span')
        .last()
        .click({ force: true });
      await page.keyboard.press('Control+.');
      return offered.waitFor({ timeout: 8000 }).then(
        () => true,
        () => false,
      );
    });
    await fixes.filter({ hasText: 'Use ' }).first().click();
    await page.locator('.squiggly-warning').first().waitFor({ state: 'detached' });
    await page.keyboard.press('Control+Z');
  });

  it('says before the first prepare that there is no cache yet', async () => {
    const { page } = state;
    await openFile(page, 'compose.yaml');
    await lens(page, 'not prepared').waitFor();
    await view(page);
    await page.locator('.sidebar', { hasText: 'does not exist yet' }).first().waitFor();
    assert.equal(fs.existsSync(state.sample.cache), false);
  });

  it('prepares by a lens, tells it, and shows the entry in the tree', async () => {
    const { page } = state;
    await lens(page, 'not prepared')
      .locator('a', { hasText: /^Prepare$/ })
      .click();
    await toast(page, 'Prepared store').waitFor();
    await row(page, 'redis').waitFor();
    await lens(page, /cached .*used just now/).waitFor();
    assert.equal(images().length, 1);
    const label = await row(page, 'redis').getAttribute('aria-label');
    assert.match(
      label ?? '',
      /^redis 7\.4-alpine, base image, .*, used just now, services store, recorded for 1 spec/,
    );
  });

  it('opens the entry as a page from the tree', async () => {
    const { page } = state;
    await row(page, 'redis').hover();
    await row(page, 'redis').locator('.action-label[aria-label^="Inspect"]').click();
    await page.locator('.tabs-container .tab.active', { hasText: 'redis 7.4-alpine' }).waitFor();
    const text = page
      .locator('iframe.webview.ready')
      .last()
      .contentFrame()
      .locator('#active-frame')
      .contentFrame();
    await text.locator('h1', { hasText: 'redis 7.4-alpine' }).waitFor();
  });

  it('prunes: policy with its size, list, question, and then the entry is gone', async () => {
    const { page } = state;
    await runCommand(page, 'HPC Compose: Prune Cache');
    const rows = page.locator('.quick-input-list .monaco-list-row');
    await rows.filter({ hasText: 'Not used for 0 days' }).filter({ hasText: '1 entry' }).click();
    await page.locator('.quick-input-title', { hasText: '1 of 1 selected' }).waitFor();
    await rows.filter({ hasText: 'redis 7.4-alpine' }).waitFor();
    await page.keyboard.press('Enter');
    const question = page.locator('.monaco-dialog-box', { hasText: 'This cannot be undone.' });
    await question.waitFor();
    assert.equal(images().length, 1, 'nothing is removed before the answer');
    await question.locator('.monaco-button', { hasText: 'Delete 1 Entry' }).click();
    await toast(page, 'Freed').waitFor();
    await row(page, 'redis').waitFor({ state: 'detached' });
    assert.deepEqual(images(), []);
    await openFile(page, 'compose.yaml');
    await lens(page, 'not prepared').waitFor();
  });
});

describe('a window in Restricted Mode', function () {
  this.timeout(60_000);
  const state = useWindow('restricted', { trust: true });

  it('checks text, hides states, says so in the view, and starts nothing', async () => {
    const { page } = state;
    await openFile(page, 'compose.yaml');
    await lens(page, 'state hidden in Restricted Mode').waitFor();
    await page.locator('.codelens-decoration a', { hasText: 'Prepare All' }).click();
    await toast(page, 'Restricted Mode').waitFor();
    await view(page);
    await page.locator('.sidebar', { hasText: 'Restricted Mode' }).first().waitFor();
    assert.equal(fs.existsSync(state.sample.cache), false);
  });
});
