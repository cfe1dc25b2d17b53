import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { ListProblem } from '../../server/src/model/cache.ts';
import { isDamaged, scanCache, type ScanResult } from '../../server/src/core/scan.ts';
import {
  addBase,
  addPrepared,
  addStaged,
  makeCache,
  makeFolder,
  manifestText,
  removeFolder,
} from '../helpers/cacheBuilder.ts';

function scan(cacheDir: string): { entries: ScanResult[]; problems: ListProblem[] } {
  const problems: ListProblem[] = [];
  const entries = [...scanCache(cacheDir, { onProblem: (problem) => void problems.push(problem) })];
  return { entries, problems };
}

describe('scan of a cache', () => {
  let folder: string;
  let cache: string;
  beforeEach(() => {
    folder = makeFolder();
    cache = makeCache(path.join(folder, 'cache'));
  });
  afterEach(() => removeFolder(folder));

  it('gives images and staged directories in byte order of their paths', () => {
    const made = [
      addPrepared(cache, 'zeta'),
      addPrepared(cache, 'app'),
      addBase(cache, 'docker://redis:7'),
      addStaged(cache, 'model', 'hf://demo/model'),
      addStaged(cache, 'source', 'source-tree'),
    ];
    const { entries, problems } = scan(cache);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      entries.map(({ artifactPath }) => artifactPath),
      made.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
  });

  it('orders a directory among the files beside it by whole paths', () => {
    const inner = path.join(cache, 'a.sqsh-dir');
    fs.mkdirSync(inner);
    for (const file of ['a.sqsh', 'a.sqsh-.sqsh', 'a.sqsh-dir/x.sqsh', 'a.sqsh-dis.sqsh', 'b.sqsh'])
      fs.writeFileSync(path.join(cache, `${file}.json`), manifestText({}));
    const paths = scan(cache).entries.map(({ artifactPath }) => artifactPath);
    assert.equal(paths.length, 5);
    assert.deepEqual(
      paths,
      paths.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
  });

  it('does not enter enroot, runtime, sandboxes and staged directories', () => {
    const staged = addStaged(cache, 'dataset', 'hf://demo/data');
    for (const trap of [
      'enroot/data/x',
      'runtime/17/data',
      'prepared/hpc-compose-x.sandbox',
      path.relative(cache, staged),
    ]) {
      fs.mkdirSync(path.join(cache, trap), { recursive: true });
      fs.writeFileSync(path.join(cache, trap, 'trap.sqsh.json'), 'no json');
    }
    const { entries, problems } = scan(cache);
    assert.deepEqual(
      entries.map(({ artifactPath }) => artifactPath),
      [staged],
    );
    assert.deepEqual(problems, []);
  });

  it('recognises a download of a job by its mark and a published directory by its record', () => {
    const model = path.join(cache, 'models', '0123456789abcdef');
    fs.mkdirSync(model);
    fs.writeFileSync(path.join(model, '.hpc-compose-hf-complete'), '');
    const snapshot = path.join(cache, 'source', 'fedcba9876543210');
    fs.mkdirSync(snapshot, { recursive: true });
    const record = {
      format_version: 1,
      kind: 'source',
      cache_key: 'fedcba9876543210',
      uri: 'source-tree',
      revision: 'aa',
      content_digest: null,
    };
    fs.writeFileSync(path.join(snapshot, '.hpc-compose-staged-complete.json'), JSON.stringify(record));
    const { entries } = scan(cache);
    assert.deepEqual(
      entries.map((entry) =>
        isDamaged(entry) ? 'damaged' : [entry.manifest.kind, entry.manifest.cache_key, entry.manifest.uri],
      ),
      [
        ['model', '0123456789abcdef', undefined],
        ['source', 'fedcba9876543210', 'source-tree'],
      ],
    );
  });

  it('reports each damaged manifest with its cause and goes on', () => {
    const good = addPrepared(cache, 'good');
    const damage: Record<string, string | Buffer> = {
      empty: '',
      cut: manifestText({}).slice(0, 120),
      binary: Buffer.from([0xff, 0xfe, 0, 1]),
      negative: manifestText({}).replace(/"created_at": \d+/, '"created_at": -1.5'),
      double: manifestText({}).replace('{\n', '{\n  "kind": "base",\n'),
      big: manifestText({ prepare_commands: ['x'.repeat(2 * 1024 * 1024)] }),
    };
    for (const [name, text] of Object.entries(damage))
      fs.writeFileSync(path.join(cache, 'prepared', `${name}.sqsh.json`), text);
    const { entries } = scan(cache);
    assert.deepEqual(
      entries.filter((entry) => !isDamaged(entry)).map(({ artifactPath }) => artifactPath),
      [good],
    );
    const problems = Object.fromEntries(
      entries
        .filter(isDamaged)
        .map(({ artifactPath, problem }) => [path.basename(artifactPath, '.sqsh'), problem]),
    );
    assert.deepEqual(Object.keys(problems).sort(), Object.keys(damage).sort());
    for (const problem of Object.values(problems)) assert.match(problem, /manifest/);
  });

  it('never blocks on what is no regular file', () => {
    const pipe = path.join(cache, 'prepared', 'pipe.sqsh.json');
    execFileSync('mkfifo', [pipe]);
    fs.mkdirSync(path.join(cache, 'prepared', 'dir.sqsh.json'));
    fs.symlinkSync('nowhere', path.join(cache, 'prepared', 'link.sqsh.json'));
    fs.symlinkSync(pipe, path.join(cache, 'prepared', 'piped.sqsh.json'));
    fs.symlinkSync(folder, path.join(cache, 'elsewhere'));
    const { entries, problems } = scan(cache);
    assert.deepEqual(entries, []);
    assert.deepEqual(problems.map(({ path: at }) => path.basename(at)).sort(), [
      'dir.sqsh.json',
      'elsewhere',
      'link.sqsh.json',
      'pipe.sqsh.json',
      'piped.sqsh.json',
    ]);
  });

  it('gives nothing for a cache that does not exist', () => {
    assert.deepEqual(scan(path.join(folder, 'none')), { entries: [], problems: [] });
  });
});
