// npm test [-- SUITE…] [-- --full]: installs, builds and runs the suites; the last line counts them all together.
// Everything runs as on a fresh clone: a real VS Code comes from npm (test/helpers/rig) or from VSCODE_EXECUTABLE.
import path from 'node:path';
import { ROOT, say } from './lib/run.mjs';
import { asScript, setUp } from './setup.mjs';

const SUITES = ['check', 'unit', 'golden', 'lsp', 'contract', 'fault', 'vscode', 'ui'];
const WITH_VSCODE = new Set(['vscode', 'ui']);

await asScript(async () => {
  const words = process.argv.slice(2);
  const full = words.includes('--full');
  const asked = words.filter((word) => !word.startsWith('-'));
  const unknown = asked.filter((suite) => !SUITES.includes(suite));
  if (unknown.length > 0) throw new Error(`No suite ${unknown.join(', ')}; there are: ${SUITES.join(', ')}.`);
  await setUp();
  // Tests never depend on an enroot that happens to be there; the contract suite looks for one by itself.
  process.env.HPC_COMPOSE_STAND_IN = '1';
  const all = [];
  for (const suite of asked.length > 0 ? asked : SUITES)
    all.push({ suite, ...(await runSuite(suite, { full })) });
  report(all);
});

async function runSuite(suite, options) {
  const started = Date.now();
  const results = await startSuite(suite, options);
  const { passed, failed, skipped } = results;
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  say(`${suite}: ${passed} passed, ${failed.length} failed, ${skipped.length} skipped (${seconds} s)`);
  return results;
}

async function startSuite(suite, options) {
  const { runChecks, runInVsCode, runMocha } = await import('./lib/suites.mjs');
  const executable = WITH_VSCODE.has(suite) ? await findVsCode() : undefined;
  if (suite === 'check') return runChecks();
  if (suite === 'vscode') return runInVsCode({ executable });
  return runMocha(suite, options, suite === 'ui' ? { VSCODE_EXECUTABLE: executable } : {});
}

// Undefined lets @vscode/test-electron download one; the rig does without the download where it can run.
async function findVsCode() {
  if (process.env.VSCODE_EXECUTABLE) return process.env.VSCODE_EXECUTABLE;
  const { isSupported } = await import('../test/helpers/rig/home.mjs');
  if (!isSupported()) {
    const { downloadAndUnzipVSCode } = await import('@vscode/test-electron');
    return downloadAndUnzipVSCode();
  }
  const { installRig } = await import('../test/helpers/rig/install.mjs');
  await installRig({ say });
  return path.join(ROOT, 'test/helpers/rig/vscode.mjs');
}

function report(all) {
  for (const [title, count] of countTitles(all))
    say(`skipped: ${title}${count > 1 ? ` (${count} tests)` : ''}`);
  for (const { suite, retried = [] } of all)
    for (const { title, message } of retried) say(`second try: ${suite}: ${title} (first: ${message})`);
  for (const { suite, failed } of all) for (const { title } of failed) say(`FAILED ${suite}: ${title}`);
  const total = (pick) => all.reduce((sum, results) => sum + pick(results), 0);
  const failures = total(({ failed }) => failed.length);
  process.exitCode = failures > 0 ? 1 : 0;
  console.log(
    `${total(({ passed }) => passed)} passed, ${failures} failed, ${total(({ skipped }) => skipped.length)} skipped`,
  );
}

// Tests of one suite that share a reason are one line.
function countTitles(all) {
  const counts = new Map();
  for (const { suite, skipped } of all) {
    for (const title of skipped) {
      const shared = /^(.*?\[skipped: [^\]]*\])/.exec(title)?.[1] ?? title;
      counts.set(`${suite}: ${shared}`, (counts.get(`${suite}: ${shared}`) ?? 0) + 1);
    }
  }
  return counts;
}
