// Quick fixes for an unsafe cache directory: where the text goes, which directories are offered, where CACHE_DIR is defined.
import assert from 'node:assert/strict';
import { cacheCandidates } from '../../server/src/language/cacheCandidates.ts';
import { cacheDirFixes } from '../../server/src/language/cacheDirFixes.ts';
import { cacheDirPlace } from '../../server/src/language/cacheDirPlace.ts';
import { parseYaml } from '../../server/src/spec/parse.ts';

function written(text: string, value: string): string {
  const place = cacheDirPlace(parseYaml(text, '/p/c.yaml').root, text);
  assert.ok(place);
  return text.slice(0, place.start) + place.before + value + place.after + text.slice(place.end);
}

describe('the place of cache_dir', () => {
  it('is the value that stands there', () => {
    assert.equal(written('x-slurm:\n  cache_dir: /tmp/x # why\n', '/w'), 'x-slurm:\n  cache_dir: /w # why\n');
    assert.equal(written('x-slurm:\n  cache_dir: "/tmp/x"\n', '/w'), 'x-slurm:\n  cache_dir: /w\n');
  });

  it('is after the key when the value is empty', () => {
    assert.equal(
      written('x-slurm:\n  cache_dir:\n  time: "1"\n', '/w'),
      'x-slurm:\n  cache_dir: /w\n  time: "1"\n',
    );
  });

  it('is a new first line of the block when there is none', () => {
    assert.equal(written('x-slurm:\n    time: "1"\n', '/w'), 'x-slurm:\n    cache_dir: /w\n    time: "1"\n');
    assert.equal(written('x-slurm: {time: "1"}\n', '/w'), 'x-slurm: {cache_dir: /w, time: "1"}\n');
  });

  it('does not exist without an x-slurm map', () => {
    const at = (text: string) => cacheDirPlace(parseYaml(text, '/p/c.yaml').root, text);
    assert.equal(at('services: {}\n'), undefined);
    assert.equal(at('x-slurm:\nservices: {}\n'), undefined);
  });
});

describe('cache candidates', () => {
  const mountinfo = [
    '21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
    '40 21 0:40 / /work rw,relatime shared:2 - lustre 10.0.0.1@tcp:/work rw',
    '41 21 0:41 / /my\\040share rw shared:3 master:1 - nfs4 server:/x rw',
    '42 21 0:42 / /usr/local rw - nfs4 server:/usr rw',
    '43 21 0:43 / /tmp/nfs rw - nfs4 server:/t rw',
  ].join('\n');
  const paths = (env: Record<string, string>, configured: string[] = []) =>
    cacheCandidates({ env, configured, mountinfo }).map(({ path }) => path);

  it('put settings first, then site variables, then shared mounts, then HOME', () => {
    assert.deepEqual(paths({ SCRATCH: '/scratch/ann/', HOME: '/home/ann', USER: 'ann' }, ['/proj/cache']), [
      '/proj/cache',
      '/scratch/ann/hpc-compose',
      '/work/ann/hpc-compose',
      '/work/hpc-compose',
      '/my share/ann/hpc-compose',
      '/my share/hpc-compose',
      '/home/ann/.cache/hpc-compose',
    ]);
  });

  it('are never local to one node, relative, or named twice', () => {
    assert.deepEqual(
      paths({ SCRATCH: '/tmp/ann', WORK: 'relative', HOME: '/home/a' }, ['/dev/shm/x', '/work/hpc-compose']),
      ['/work/hpc-compose', '/my share/hpc-compose', '/home/a/.cache/hpc-compose'],
    );
  });
});

describe('fixes of an unsafe cache directory', () => {
  const place = { start: 5, end: 9, before: '', after: '' };
  const candidates = ['/a b', '/b', '/c', '/d'].map((path) => ({ path, root: path, why: '$WORK' }));

  it('offer the three best directories, the first one preferred, quoted where needed', () => {
    const fixes = cacheDirFixes(place, candidates, {});
    assert.deepEqual(
      fixes.map(({ title, preferred, edits }) => [title, preferred, edits[0]?.newText]),
      [
        ['Use /a b ($WORK)', true, '"/a b"'],
        ['Use /b ($WORK)', false, '/b'],
        ['Use /c ($WORK)', false, '/c'],
      ],
    );
  });

  it('offer ${CACHE_DIR} and say where it is defined', () => {
    const defined = { value: '/w', where: 'in the environment' };
    const fix = cacheDirFixes(place, candidates, { defined }).at(-1);
    assert.equal(fix?.title, 'Use ${CACHE_DIR} (/w, defined in the environment)');
    assert.equal(fix.edits[0]?.newText, '${CACHE_DIR}');
    assert.equal(fix.append, undefined);
  });

  it('define ${CACHE_DIR} beside the spec when nothing does', () => {
    const dotenv = { uri: 'file:///p/.env', text: undefined };
    const fix = cacheDirFixes(place, candidates, { dotenv }).at(-1);
    assert.equal(fix?.title, 'Use ${CACHE_DIR} and define it as /a b in .env beside the spec');
    assert.deepEqual(fix.append, { ...dotenv, line: 'CACHE_DIR=/a b' });
  });

  it('leave ${CACHE_DIR} away when it can neither be found nor defined', () => {
    assert.equal(cacheDirFixes(place, candidates, {}).length, 3);
    assert.deepEqual(cacheDirFixes(place, [], {}), []);
  });
});
