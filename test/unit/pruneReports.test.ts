// Reports of prunes: kept beside the cache's entries for 30 days, and never in the way of a prune.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { keepReport, readReports } from '../../server/src/core/prune/reports.ts';
import type { PruneReport } from '../../server/src/model/cache.ts';
import { useFolder } from '../helpers/folder.ts';

const DAY = 86_400;
const NOW = 1_800_000_000;

function report(cacheDir: string, created_at: number): PruneReport {
  const common = { schema_version: 1, cache_dir: cacheDir, mode: 'age' } as const;
  return {
    schema_version: 1,
    created_at,
    plan: { ...common, created_at, entries: [], bytes: 0 },
    result: { ...common, removed_count: 0, removed_paths: [], skipped: [], failed: [], bytes_freed: 7 },
  };
}

describe('prune reports', () => {
  const folder = useFolder();

  it('are kept, and read with the latest first', () => {
    const cacheDir = folder();
    keepReport(report(cacheDir, NOW));
    keepReport(report(cacheDir, NOW + DAY));
    assert.deepEqual(
      readReports(cacheDir).map(({ created_at }) => created_at),
      [NOW + DAY, NOW],
    );
    assert.equal(readReports(cacheDir)[0]?.result.bytes_freed, 7);
  });

  it('are in order within a second, too', () => {
    const cacheDir = folder();
    const modes = ['age', 'orphans', 'budget', 'selection', 'all_unused'] as const;
    for (const mode of modes) {
      const made = report(cacheDir, NOW);
      keepReport({ ...made, plan: { ...made.plan, mode } });
    }
    assert.deepEqual(
      readReports(cacheDir).map(({ plan }) => plan.mode),
      modes.toReversed(),
    );
  });

  it('go after 30 days, and nothing else in their folder does', () => {
    const cacheDir = folder();
    keepReport(report(cacheDir, NOW));
    const reports = path.join(cacheDir, '.hpc-compose-vscode/reports');
    fs.writeFileSync(path.join(reports, 'notes.txt'), '');
    keepReport(report(cacheDir, NOW + 31 * DAY));
    assert.deepEqual(
      readReports(cacheDir).map(({ created_at }) => created_at),
      [NOW + 31 * DAY],
    );
    assert.ok(fs.existsSync(path.join(reports, 'notes.txt')));
  });

  it('are left out when damaged, and a cache without any has none', () => {
    const cacheDir = folder();
    assert.deepEqual(readReports(cacheDir), []);
    keepReport(report(cacheDir, NOW));
    const reports = path.join(cacheDir, '.hpc-compose-vscode/reports');
    fs.writeFileSync(path.join(reports, `${NOW}-1.json`), '{"created_at": 5');
    fs.writeFileSync(path.join(reports, `${NOW}-2.json`), '{"created_at": 5}');
    assert.equal(readReports(cacheDir).length, 1);
  });

  it('are no reason to fail when they cannot be written', () => {
    keepReport(report(path.join(folder(), 'gone'), NOW));
  });

  it('never follow a link out of the cache when they go', () => {
    const cacheDir = path.join(folder(), 'cache');
    const elsewhere = path.join(folder(), 'elsewhere');
    for (const one of [cacheDir, elsewhere]) fs.mkdirSync(one);
    const old = path.join(elsewhere, `${NOW}-1.json`);
    fs.writeFileSync(old, '{}');
    fs.mkdirSync(path.join(cacheDir, '.hpc-compose-vscode'));
    fs.symlinkSync(elsewhere, path.join(cacheDir, '.hpc-compose-vscode/reports'));
    keepReport(report(cacheDir, NOW + 31 * DAY));
    assert.deepEqual(fs.readdirSync(elsewhere), [path.basename(old)]);
  });
});
