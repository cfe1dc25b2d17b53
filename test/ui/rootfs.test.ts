// The view of unpacked root filesystems as a person meets it: hidden where nothing is configured, then entries and gauge, a simulated
// collection, and a real one as plan, question and act.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { openWorkbench, runCommand, type Workbench } from '../helpers/rig/workbench.mjs';
import { makeEntry, makeUser } from '../helpers/rootfs/manyEntries.ts';
import { makeSample, type Sample } from '../helpers/sample/sample.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const START_MS = 120_000;
const UID = process.getuid?.() ?? 0;
const DAY = 86_400;

const row = (page: Page, text: string) =>
  page.locator('.sidebar .monaco-list-row', { hasText: text }).first();
const header = (page: Page) => page.locator('.sidebar .pane-header', { hasText: 'Node Rootfs Cache' });

/** Opens the container, and in it the view: clicks on what is open would close it. */
async function openView(page: Page): Promise<void> {
  const icon = '.action-label[aria-label^="HPC Compose"]';
  if ((await page.locator(`.activitybar .action-item.checked ${icon}`).count()) === 0)
    await page.locator(`.activitybar ${icon}`).click();
}

async function expand(page: Page): Promise<void> {
  await header(page).waitFor();
  if ((await header(page).getAttribute('aria-expanded')) !== 'true') await header(page).click();
  const other = page.locator('.sidebar .pane-header[aria-label^="Cache"]');
  if ((await other.getAttribute('aria-expanded')) === 'true') await other.click();
}

describe('the node rootfs cache in a window', function () {
  this.timeout(60_000);
  let sample: Sample;
  let workbench: Workbench | undefined;
  let page: Page;
  let base: string;
  let names: string[];
  let holder: ChildProcess | undefined;

  /** Five entries of 700 MB by their records, of which a budget of 2.5 GB leaves three; the second oldest is in use. */
  const layEntries = () => {
    base = path.join(sample.folder, 'rootfs');
    fs.mkdirSync(base, { mode: 0o755 });
    const root = makeUser(base, UID);
    names = [40, 30, 20, 3, 1].map((days, number) => makeEntry(root, UID, number, days * DAY));
    const lock = path.join(root, '.rootfs-cache/locks', `${names[1] ?? ''}.lock`);
    fs.writeFileSync(lock, '', { mode: 0o600 });
    holder = spawn('flock', ['-s', lock, 'sleep', '600'], { stdio: 'ignore', detached: true });
  };
  const entries = () => fs.readdirSync(path.join(base, String(UID))).filter((name) => names.includes(name));
  const configure = () => {
    const settings = { base, maxBytes: '2500M', gcHigh: 99, gcLow: 98 };
    const file = path.join(sample.workspace, '.vscode/settings.json');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const rows = Object.entries(settings).map(([key, value]) => [`hpcCompose.rootfsCache.${key}`, value]);
    fs.writeFileSync(file, JSON.stringify(Object.fromEntries(rows)));
  };

  before(async function () {
    this.timeout(START_MS);
    sample = makeSample('rootfs');
    layEntries();
    const theme = process.env.RIG_THEME ? { 'workbench.colorTheme': process.env.RIG_THEME } : {};
    const settings = { ...sample.settings, ...theme };
    workbench = await openWorkbench({ open: [sample.workspace], developed: [ROOT], settings });
    page = workbench.page;
  });
  after(async () => {
    await workbench?.close();
    if (holder?.pid !== undefined) process.kill(-holder.pid);
    sample.remove();
  });
  afterEach(async function () {
    const folder = process.env.RIG_LOGS;
    const wanted = this.currentTest?.state === 'failed' || process.env.RIG_PICTURES !== undefined;
    if (wanted && folder)
      await page.screenshot({ path: path.join(folder, `${this.currentTest?.title ?? ''}.png`) });
  });

  it('is hidden where nothing is configured', async () => {
    await openView(page);
    await page.locator('.sidebar', { hasText: 'Open a compose file' }).first().waitFor();
    assert.equal(await header(page).count(), 0);
  });

  it('appears with the setting: entries by last use with size, age, users and what goes next', async () => {
    configure();
    await openView(page);
    await expand(page);
    await row(page, 'image-0').waitFor();
    const labels = page.locator('.sidebar .monaco-list-row[aria-label*="image-"]');
    const said = async () =>
      Promise.all((await labels.all()).map(async (one) => (await one.getAttribute('aria-label')) ?? ''));
    await row(page, 'next to go').waitFor();
    const texts = await said();
    assert.deepEqual(
      texts.map((text) => text.split(',')[0]),
      ['image-0', 'image-1', 'image-2', 'image-3', 'image-4'],
    );
    assert.match(texts[0] ?? '', /next to go · 668 MiB · 40 d ago · 52,211 files/);
    assert.match(texts[1] ?? '', /^image-1, in use by \d+ and \d+ · 668 MiB · 30 d ago/);
    assert.match(texts[2] ?? '', /next to go/);
    assert.doesNotMatch(texts.slice(3).join(), /next to go/);
  });

  it('shows how full the disk and the cache are, with both marks', async () => {
    const message = page.locator('.sidebar .message', { hasText: 'low 98 / high 99' }).first();
    await message.waitFor();
    assert.match(
      (await message.textContent()) ?? '',
      /% used · low 98 \/ high 99 · cache 3\.3 GiB of 2\.4 GiB · 2 would be evicted/,
    );
  });

  it('simulates a collection as a page, and touches nothing', async () => {
    await runCommand(page, 'HPC Compose: Simulate Rootfs Collection');
    const frame = page.locator('iframe.webview.ready').last().contentFrame();
    const text = frame.locator('#active-frame').contentFrame();
    await text.locator('h1', { hasText: 'Simulated collection' }).waitFor();
    await text.locator('p', { hasText: '2 would go, 1.3 GiB' }).waitFor();
    await text.locator('td', { hasText: '/raid/images/team-0/image-0.sqsh' }).waitFor();
    await text.locator('li', { hasText: 'image-1.sqsh' }).filter({ hasText: 'in use' }).waitFor();
    assert.equal(entries().length, 5);
  });

  it('collects after a question that names what goes, and tells what it freed', async () => {
    await runCommand(page, 'HPC Compose: Collect Rootfs Cache');
    const question = page.locator('.monaco-dialog-box', { hasText: 'Remove 2 unpacked images' });
    await question.waitFor();
    const detail = (await question.textContent()) ?? '';
    assert.match(detail, /image-0\.sqsh/);
    assert.match(detail, /image-2\.sqsh/);
    assert.equal(entries().length, 5, 'nothing is removed before the answer');
    await question.locator('.monaco-button', { hasText: 'Remove' }).click();
    assert.match(detail, /unpacked again when a job needs them/);
    const told = page.locator('.notifications-toasts .notification-list-item', { hasText: '2 removed' });
    await told.first().waitFor();
    assert.deepEqual(entries().toSorted(), [names[1], names[3], names[4]].toSorted());
    await row(page, 'image-0').waitFor({ state: 'detached' });
    await row(page, 'image-1').waitFor();
    await page.locator('.sidebar .message', { hasText: 'cache 2.0 GiB of' }).first().waitFor();
  });
});
