// How each suite is run: checks of the source, mocha on this machine, mocha inside VS Code. All give {passed, failed, skipped}.
// A suite that ends without a results file, or with none passed, failed: nothing counts as green that did not run.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { ROOT, run } from './run.mjs';
import { makeSample } from '../../test/helpers/sample/sample.mjs';

const CHECKS = ['types', 'lint', 'format', 'deps', 'unused'];
const REPORTER = path.join(ROOT, 'scripts/lib/resultsReporter.cjs');
// A window on a busy machine may lose a click; a second try is told in the results, never hidden.
const RETRIES = { ui: 1 };
const BUNDLES = path.join(ROOT, '.cache/vscode-tests');

/** Type checks, lint, format, dependency rules, unused code: each counts as one test. */
export async function runChecks() {
  const results = { passed: 0, failed: [], skipped: [] };
  for (const check of CHECKS) {
    const { code, output } = await run('npm', ['run', '--silent', `check:${check}`], { collect: true });
    if (code === 0) results.passed++;
    else results.failed.push({ title: `check:${check}`, message: `exit code ${code}`, stack: output });
  }
  for (const { title, stack } of results.failed) console.error(`\n  FAILED ${title}\n${stack}\n`);
  return results;
}

/** The test files of a suite; those that take long only when asked for. */
function testFiles(suite, { full }) {
  const folder = path.join(ROOT, 'test', suite);
  if (!fs.existsSync(folder)) return [];
  const names = fs.readdirSync(folder, { recursive: true }).map(String).sort();
  return names
    .filter((name) => name.endsWith('.test.ts') && (full || !name.endsWith('.full.test.ts')))
    .map((name) => path.join('test', suite, name));
}

/** A mocha run of its own process. */
export async function runMocha(suite, options, env = {}) {
  const files = testFiles(suite, options);
  if (files.length === 0) return notRun(`there are no tests in test/${suite}`);
  const mocha = path.join(ROOT, 'node_modules/mocha/bin/mocha.js');
  return withResultsFile(async (file) => {
    const retries = RETRIES[suite] ?? 0;
    const words = ['--reporter', REPORTER, '--reporter-option', `output=${file}`, '--retries', `${retries}`];
    const args = [mocha, ...words, ...files];
    return run(process.execPath, args, { env: { ...process.env, ...sharedFolder(), ...env } });
  });
}

// Some long checks compare with recorded facts that lie beside the checkout.
function sharedFolder() {
  const beside = path.resolve(ROOT, '../shared');
  return process.env.HPC_COMPOSE_SHARED || !fs.existsSync(beside) ? {} : { HPC_COMPOSE_SHARED: beside };
}

async function withResultsFile(start) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hpc-compose-results-'));
  try {
    const file = path.join(folder, 'results.json');
    const { code, signal } = await start(file);
    const how = `exit ${signal ?? code}`;
    if (!fs.existsSync(file)) return notRun(`it ended without results (${how})`);
    const results = JSON.parse(fs.readFileSync(file, 'utf8'));
    if (code !== 0 && results.failed.length === 0)
      return { ...results, failed: [failure(`it ended with ${how}`)] };
    if (results.passed === 0 && results.failed.length === 0)
      return { ...results, failed: [failure('no test passed')] };
    return results;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

const failure = (message) => ({ title: 'the suite did not run', message, stack: '' });

function notRun(message) {
  console.error(`\n  FAILED the suite did not run: ${message}\n`);
  return { passed: 0, failed: [failure(message)], skipped: [] };
}

/** The suites of test/vscode in the extension host of a real VS Code. */
export async function runInVsCode({ executable }) {
  await bundleSuites();
  const { runTests } = await import('@vscode/test-electron');
  const sample = makeSample('test');
  try {
    const userData = path.join(sample.folder, 'user');
    const { QUIET_SETTINGS, writeSettings } = await import('../../test/helpers/rig/server.mjs');
    writeSettings(userData, { ...QUIET_SETTINGS, 'git.enabled': false, ...sample.settings });
    return await withResultsFile(async (file) => {
      const extensionTestsEnv = {
        HPC_COMPOSE_TEST_RESULTS: file,
        HPC_COMPOSE_TEST_CACHE: sample.cache,
        FAKE_LOG: path.join(sample.folder, 'enroot.log'),
      };
      const folders = [
        '--user-data-dir',
        userData,
        '--extensions-dir',
        path.join(sample.folder, 'extensions'),
      ];
      const code = await runTests({
        ...(executable === undefined ? {} : { vscodeExecutablePath: executable }),
        extensionDevelopmentPath: ROOT,
        extensionTestsPath: path.join(BUNDLES, 'runner.cjs'),
        launchArgs: [sample.workspace, ...folders, '--disable-extensions', '--disable-workspace-trust'],
        extensionTestsEnv,
      }).catch((error) => (console.error(`  ${error.message}`), 1));
      return { code };
    });
  } finally {
    sample.remove();
  }
}

async function bundleSuites() {
  fs.rmSync(BUNDLES, { recursive: true, force: true });
  await build({
    absWorkingDir: ROOT,
    entryPoints: [path.join('test/vscode/runner.ts'), ...testFiles('vscode', { full: true })],
    outdir: BUNDLES,
    outbase: path.join(ROOT, 'test/vscode'),
    outExtension: { '.js': '.cjs' },
    ...{
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node20',
      sourcemap: 'inline',
      logLevel: 'warning',
    },
    external: ['vscode', 'mocha'],
  });
}
