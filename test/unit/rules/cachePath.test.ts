import assert from 'node:assert/strict';
import { cacheDirFixes, checkCacheDir } from '../../../server/src/spec/lint/cachePath.ts';
import { parseYaml } from '../../../server/src/spec/parse.ts';
import type { CacheDirChoice } from '../../../server/src/model/plan.ts';
import type { FindingFix } from '../../../server/src/model/finding.ts';

const FILE = '/p/compose.yaml';
const candidates = ['/tmp/no', '/shared/me/cache', '/scratch/me/cache'].map((path) => ({ path }));

function check(text: string, path: string, extra: Partial<CacheDirChoice> = {}) {
  const { root } = parseYaml(text, FILE);
  assert.equal(root?.kind, 'map');
  const findings = checkCacheDir(root, { path, source: 'spec', ...extra }, () => text, {
    candidates,
    dotenv: { file: '/p/.env', text: 'A=1' },
  });
  return findings.map((finding) => ({
    ...finding,
    marked: text.slice(finding.span.start, finding.span.end),
  }));
}

function applied(text: string, fix: FindingFix): string {
  return fix.edits
    .filter((edit) => edit.span.file === FILE)
    .toSorted((a, b) => b.span.start - a.span.start)
    .reduce(
      (result, { span, newText }) => result.slice(0, span.start) + newText + result.slice(span.end),
      text,
    );
}

describe('HPC004: cache directory that each node has for itself', () => {
  for (const path of ['/tmp', '/tmp/x', '/var/tmp/x', '/private/tmp/x', '/dev/shm/c'])
    it(`warns about ${path}, on the value`, () => {
      const [finding, ...more] = check(`x-slurm:\n  cache_dir: ${path} # note\n`, path);
      assert.deepEqual(
        [finding?.code, finding?.severity, finding?.marked, finding?.field, more.length],
        ['HPC004', 'warning', path, 'x-slurm.cache_dir', 0],
      );
    });
  for (const path of ['/tmpx', '/a/tmp', '/scratch/tmp/x'])
    it(`says nothing about ${path}`, () =>
      assert.deepEqual(check(`x-slurm: {cache_dir: ${path}}\n`, path), []));

  it('offers shared candidates, the best one first, then ${CACHE_DIR} with its definition in .env', () => {
    const text = 'x-slurm:\n  cache_dir: /tmp/x # mine\n';
    const fixes = check(text, '/tmp/x')[0]?.fixes ?? [];
    assert.deepEqual(
      fixes.map((fix) => [fix.title, fix.preferred ?? false]),
      [
        ['Use /shared/me/cache', true],
        ['Use /scratch/me/cache', false],
        ['Use ${CACHE_DIR} (set to /shared/me/cache in .env)', false],
      ],
    );
    assert.equal(applied(text, fixes[0]!), 'x-slurm:\n  cache_dir: /shared/me/cache # mine\n');
    assert.deepEqual(fixes[2]?.edits[1], {
      span: { file: '/p/.env', start: 3, end: 3 },
      newText: '\nCACHE_DIR=/shared/me/cache\n',
    });
  });

  it('keeps a spec valid where nobody has set CACHE_DIR, in braces too', () => {
    const fixOf = (text: string) => {
      const { root } = parseYaml(text, FILE);
      assert.equal(root?.kind, 'map');
      const [fix] = cacheDirFixes(root, '/tmp/x', () => text, {});
      return fix && applied(text, fix);
    };
    const withDefault = '${CACHE_DIR:-~/.cache/hpc-compose}';
    assert.equal(fixOf('x-slurm:\n  cache_dir: /tmp/x\n'), `x-slurm:\n  cache_dir: ${withDefault}\n`);
    assert.equal(
      fixOf('x-slurm: {cache_dir: /tmp/x, nodes: 1}\n'),
      `x-slurm: {cache_dir: "${withDefault}", nodes: 1}\n`,
    );
    assert.equal(fixOf('x-slurm: {nodes: 1}\n'), `x-slurm: {cache_dir: "${withDefault}", nodes: 1}\n`);
  });

  it('fills in a key that has no value yet', () => {
    const text = 'x-slurm:\n  cache_dir:\n  nodes: 1\n';
    const fix = check(text, '/tmp/x')[0]?.fixes?.[0];
    assert.equal(applied(text, fix!), 'x-slurm:\n  cache_dir: /shared/me/cache\n  nodes: 1\n');
  });

  it('says why a directory is thought to be shared, and where CACHE_DIR is defined already', () => {
    const text = 'x-slurm:\n  cache_dir: /tmp/x\n';
    const { root } = parseYaml(text, FILE);
    assert.equal(root?.kind, 'map');
    const sources = { candidates: [{ path: '/w/c', why: '$WORK' }], definedWhere: 'in the environment' };
    const fixes = cacheDirFixes(root, '/tmp/x', () => text, sources);
    assert.deepEqual(
      fixes.map(({ title, edits }) => [title, edits.length]),
      [
        ['Use /w/c ($WORK)', 1],
        ['Use ${CACHE_DIR} (defined in the environment)', 1],
      ],
    );
  });

  for (const [text, expected] of [
    [
      'x-slurm:\n  nodes: 1\nservices: {}\n',
      'x-slurm:\n  cache_dir: /shared/me/cache\n  nodes: 1\nservices: {}\n',
    ],
    ['x-slurm: {nodes: 1}\n', 'x-slurm: {cache_dir: /shared/me/cache, nodes: 1}\n'],
    ['x-slurm: {}\n', 'x-slurm: {cache_dir: /shared/me/cache}\n'],
    ['x-slurm:\nname: a\n', 'x-slurm:\n  cache_dir: /shared/me/cache\nname: a\n'],
    [
      '# top\nservices:\r\n  a: {}\r\n',
      '# top\nx-slurm:\r\n  cache_dir: /shared/me/cache\r\nservices:\r\n  a: {}\r\n',
    ],
  ] as const)
    it(`puts the key where the spec has none: ${JSON.stringify(text)}`, () => {
      const [finding] = check(text, '/tmp/x', {
        source: 'defaults',
        settingsFile: '/p/.hpc-compose/settings.toml',
      });
      assert.match(finding?.related?.[0]?.message ?? '', /settings/);
      assert.equal(applied(text, finding!.fixes![0]!), expected);
    });
});
