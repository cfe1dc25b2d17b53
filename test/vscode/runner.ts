// Runs the suites of this folder inside VS Code's extension host and writes the results at the very end: no file, no success.
import fs from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';

interface Results {
  passed: number;
  failed: { title: string; message: string; stack: string }[];
  skipped: string[];
  retried: { title: string; message: string }[];
}

const TIMEOUT_MS = 60_000;
/** A window on a busy machine may lose a click; a second try is told in the results, never hidden. */
const RETRIES = 1;

/** VS Code calls this with the extension installed and the sample workspace open. */
export function run(): Promise<void> {
  const resultsFile = process.env.HPC_COMPOSE_TEST_RESULTS;
  if (resultsFile === undefined) return Promise.reject(new Error('HPC_COMPOSE_TEST_RESULTS is not set'));
  const mocha = new Mocha({ ui: 'bdd', timeout: TIMEOUT_MS, retries: RETRIES, color: false });
  const files = fs.readdirSync(__dirname).filter((name) => name.endsWith('.test.cjs'));
  for (const name of files.sort()) mocha.addFile(path.join(__dirname, name));
  const results: Results = { passed: 0, failed: [], skipped: [], retried: [] };
  return new Promise((resolve, reject) => {
    const runner = mocha.run((failures) => {
      fs.writeFileSync(resultsFile, JSON.stringify(results));
      if (failures > 0) reject(new Error(`${failures} failed`));
      else resolve();
    });
    collect(runner, results);
  });
}

function collect(runner: Mocha.Runner, results: Results): void {
  runner.on('pass', () => results.passed++);
  runner.on('pending', (test) => results.skipped.push(test.fullTitle()));
  runner.on('retry', (test: Mocha.Test, error: Error) =>
    results.retried.push({ title: test.fullTitle(), message: error.message }),
  );
  runner.on('fail', (test, error: Error) => {
    results.failed.push({ title: test.fullTitle(), message: error.message, stack: error.stack ?? '' });
  });
}
