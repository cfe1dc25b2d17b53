// npm run screenshots [-- FOLDER]: takes the pictures of the README from a real VS Code on the sample workspace, in a light and a dark theme.
// The cache is made by the product itself; only ages and sizes are set afterwards, so that the pictures show a cache in use. FOLDER (absent so far, removed
// afterwards) is the one that the pictures show.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ROOT, run, say } from './lib/run.mjs';
import { asScript, setUp } from './setup.mjs';

const PICTURES = path.join(ROOT, 'docs/images');
const THEMES = { light: 'Default Light Modern', dark: 'Default Dark Modern' };
const WINDOW = { width: 1180, height: 720, scale: 1.5 };
const DAY = 86_400;
const MEBIBYTE = 1024 * 1024;
// What the images of the sample are like: part of the artifact's name -> MiB and days since the last use.
const IN_USE = { loader: [74, 33], trainer: [410, 2], redis: [16, 0], python: [52, 21], pytorch: [380, 2] };

await asScript(async () => {
  await setUp();
  process.env.HPC_COMPOSE_STAND_IN = '1';
  const { installRig } = await import('../test/helpers/rig/install.mjs');
  await installRig({ say });
  fs.mkdirSync(PICTURES, { recursive: true });
  for (const theme of Object.keys(THEMES)) await takePictures(theme);
});

async function takePictures(theme) {
  const workbench = await import('../test/helpers/rig/workbench.mjs');
  const { makeSample } = await import('../test/helpers/sample/sample.mjs');
  const sample = makeSample('pictures', process.argv[2] ?? path.join(os.homedir(), 'shards'));
  const settings = {
    ...sample.settings,
    'workbench.colorTheme': THEMES[theme],
    'editor.minimap.enabled': false,
    'breadcrumbs.enabled': false,
  };
  try {
    await prepareCache(sample);
    const { page, close } = await workbench.openWorkbench({
      open: [sample.workspace],
      developed: [ROOT],
      env: { WORK: sample.shared },
      settings,
      window: WINDOW,
    });
    const shoot = async (name) => {
      await page.waitForTimeout(600);
      await page.screenshot({ path: path.join(PICTURES, `${name}-${theme}.png`), scale: 'device' });
      say(`docs/images/${name}-${theme}.png`);
    };
    try {
      await pictureFix(page, workbench, shoot);
      await pictureLenses(page, workbench, shoot);
      await pictureCache(page, workbench, shoot);
      await picturePrune(page, workbench, shoot);
    } finally {
      await page.screenshot({ path: path.join(ROOT, `.cache/last-${theme}.png`) });
      await close();
    }
  } finally {
    sample.remove();
  }
}

async function prepareCache(sample) {
  const spec = path.join(sample.workspace, 'compose.yaml');
  const args = ['dist/cli.js', 'prepare', '-f', spec, '--enroot-bin', sample.enroot];
  const sizes = Object.entries(IN_USE).map(([name, [size]]) => `${name}=${size * MEBIBYTE}`);
  const env = { ...process.env, FAKE_SIZES: sizes.join(',') };
  const { code, output } = await run(process.execPath, args, { collect: true, env });
  if (code !== 0) throw new Error(`prepare failed:\n${output}`);
  for (const kind of ['base', 'prepared']) {
    const folder = path.join(sample.cache, kind);
    for (const name of fs.readdirSync(folder).filter((file) => file.endsWith('.sqsh.json')))
      lookUsed(path.join(folder, name));
  }
}

function lookUsed(manifest) {
  const [, [, days]] = Object.entries(IN_USE).find(([part]) => path.basename(manifest).includes(part));
  const value = JSON.parse(fs.readFileSync(manifest, 'utf8'));
  value.last_used_at -= days * DAY;
  value.created_at -= (days + 5) * DAY;
  fs.writeFileSync(manifest, JSON.stringify(value, null, 2));
  for (const file of [manifest, manifest.replace(/\.json$/, '')])
    fs.utimesSync(file, value.created_at, value.created_at);
}

async function pictureFix(page, { openFile }, shoot) {
  await openFile(page, 'unsafe.yaml');
  await page.locator('.squiggly-warning').first().waitFor();
  await page.locator('.codelens-decoration a').first().waitFor();
  await page.locator('.view-line', { hasText: 'cache_dir' }).locator('span span').last().click();
  const fixes = page.locator('.action-widget .monaco-list-row').first();
  // Lenses that arrive meanwhile close the list again.
  while (!(await fixes.isVisible())) {
    await page.keyboard.press('Control+Period');
    await page.waitForTimeout(1500);
  }
  await shoot('fix');
  await page.keyboard.press('Escape');
}

async function pictureLenses(page, { openFile }, shoot) {
  await openFile(page, 'compose.yaml');
  await page.locator('.codelens-decoration', { hasText: 'cached' }).first().waitFor();
  await page.keyboard.press('Control+G');
  await page.keyboard.type('13');
  await page.keyboard.press('Enter');
  await shoot('lenses');
}

async function pictureCache(page, _workbench, shoot) {
  await page.locator('.activitybar .action-label[aria-label^="HPC Compose"]').click({ force: true });
  await page.locator('.sidebar .monaco-list-row', { hasText: 'redis' }).first().waitFor();
  await page.locator('.codelens-decoration a', { hasText: 'Inspect' }).first().click();
  await page
    .locator('.tabs-container .tab.active[data-resource-name$=".md"], .tab.active:has-text("Preview")')
    .first()
    .waitFor();
  await page.waitForTimeout(1500);
  await shoot('cache');
}

async function picturePrune(page, { openFile }, shoot) {
  await openFile(page, 'compose.yaml');
  await page.locator('.codelens-decoration a', { hasText: 'Prune' }).first().click();
  const policy = page.locator('.quick-input-list .monaco-list-row', {
    hasText: /Not used for.*entr(y|ies) ·/,
  });
  await policy.first().waitFor();
  await policy.first().click();
  await page.locator('.quick-input-title', { hasText: 'selected' }).waitFor();
  await shoot('prune');
  await page.keyboard.press('Escape');
}
