// Prints each failure as it happens and writes counts, failures and skipped titles to a file at the very end: no file, no success.
const fs = require('node:fs');

module.exports = class ResultsReporter {
  constructor(runner, options) {
    const results = { passed: 0, failed: [], skipped: [], retried: [] };
    runner.on('pass', () => results.passed++);
    runner.on('pending', (test) => results.skipped.push(test.fullTitle()));
    runner.on('retry', (test, error) =>
      results.retried.push({ title: test.fullTitle(), message: error.message }),
    );
    runner.on('fail', (test, error) => {
      const failure = { title: test.fullTitle(), message: error.message, stack: error.stack ?? '' };
      results.failed.push(failure);
      console.error(`\n  FAILED ${failure.title}\n${failure.stack || failure.message}\n`);
    });
    runner.once('end', () =>
      fs.writeFileSync(
        options.reporterOption?.output ?? options.reporterOptions.output,
        JSON.stringify(results),
      ),
    );
  }
};
